import type { ServerEventName, ServerPayload, UserStatus } from '@earshot/protocol'

/** A socket of this node that hears of its own deed by the ack, not by the event. */
export interface FanoutOptions {
  exceptSocketId?: string | undefined
}

/** Tells clients on every node. Best effort by nature: what is missed here is found again by `sync`. */
export interface Fanout {
  /** Every device of a user. */
  toUser<E extends ServerEventName>(
    userId: string,
    event: E,
    payload: ServerPayload<E>,
    options?: FanoutOptions,
  ): void
  /** Every device of a group's members. */
  toGroup<E extends ServerEventName>(groupId: string, event: E, payload: ServerPayload<E>): void
  /** Those who watch the user, and those who watch everybody. */
  presence(status: UserStatus): void
  /** Lets the user's sockets on all nodes hear the group, or no more. */
  joinGroup(userIds: string[], groupId: string): void
  leaveGroup(userId: string, groupId: string): void
}
