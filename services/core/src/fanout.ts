import type { GroupPresence, ServerEventName, ServerPayload, UserStatus } from '@earshot/protocol'
import type { Audience } from './visibility/audience.ts'

export interface FanoutOptions {
  /** A socket of this node that hears of its own deed by the ack, not by the event. */
  exceptSocketId?: string | undefined
  /** No other node is told: nobody there would hear it, see `hearsElsewhere`. */
  isHereOnly?: boolean | undefined
  /** The devices of this node hear of it only then. Never rejects. */
  hereAfter?: Promise<void> | undefined
  /** What the `voiceMessage.url` of the payload ends with, in base64: made text once, where it is written. Not changed any more. */
  audio?: Buffer | undefined
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
  /**
   * Whether a user may have devices on other nodes. One that comes later than this call does not count: it finds in the history what
   * was committed before. Asked for what is long, as audio is; never rejects.
   */
  hearsElsewhere(userId: string): Promise<boolean>
  /** Every device of many users, by as few messages between nodes as will do. */
  toUsers<E extends ServerEventName>(userIds: string[], event: E, payload: ServerPayload<E>): void
  /** Every device of a group's members. */
  toGroup<E extends ServerEventName>(
    groupId: string,
    event: E,
    payload: ServerPayload<E>,
    options?: Pick<FanoutOptions, 'hereAfter' | 'audio'>,
  ): void
  /** The same for what gives away that a user is there: only those hear it who may know. */
  activity<E extends ServerEventName>(
    groupId: string,
    event: E,
    payload: ServerPayload<E>,
    of: { userId: string; hiddenFrom: ReadonlySet<string> },
  ): void
  /** Clients that hear of everybody, if they are in the audience. */
  presenceTo(status: UserStatus, audience: Audience): void
  /** The devices of a user that hear of everybody. */
  presenceToUser(status: UserStatus, userId: string): void
  /** Resolves when Redis has all that was told so far, or could not take it. Never rejects. */
  told(): Promise<unknown>
  /** Those who watch how many of a group are online. */
  headcount(presence: GroupPresence): void
}
