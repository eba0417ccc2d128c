import type { MembershipStore } from '@earshot/core/conversations/membership-store'
import type { Fanout, FanoutOptions } from '@earshot/core/fanout'
import type { ServerEventName, ServerPayload, UserStatus } from '@earshot/protocol'
import type { RealtimeServer } from './realtime-server.ts'
import { everyone, groupRoom, userRoom, watchersRoom } from './rooms.ts'

type AnyEmit = (event: ServerEventName, payload: ServerPayload<ServerEventName>) => void

/** Tells clients through rooms that span all nodes. */
export class SocketFanout implements Fanout {
  readonly #io: RealtimeServer
  readonly #memberships: MembershipStore
  readonly #broadcastPresence: boolean

  constructor(deps: { io: RealtimeServer; memberships: MembershipStore; broadcastPresence: boolean }) {
    this.#io = deps.io
    this.#memberships = deps.memberships
    this.#broadcastPresence = deps.broadcastPresence
    this.#io.on('membership_changed', (change) => this.#applyMembership(change))
  }

  toUser<E extends ServerEventName>(
    userId: string,
    event: E,
    payload: ServerPayload<E>,
    { exceptSocketId }: FanoutOptions = {},
  ): void {
    this.#emit(userRoom(userId), event, payload, exceptSocketId)
  }

  toGroup<E extends ServerEventName>(groupId: string, event: E, payload: ServerPayload<E>): void {
    this.#emit(groupRoom(groupId), event, payload)
  }

  presence(status: UserStatus): void {
    this.#emit(watchersRoom(status.userId), 'user_status_changed', status)
    if (this.#broadcastPresence) this.#emit(everyone, 'user_status_changed', status)
  }

  joinGroup(userIds: string[], groupId: string): void {
    this.#changeMembership({ groupId, userIds, isMember: true })
  }

  leaveGroup(userId: string, groupId: string): void {
    this.#changeMembership({ groupId, userIds: [userId], isMember: false })
  }

  /** One room for each emit: the adapter sends several to every node, one only to the nodes that hold it. */
  #emit(
    room: string,
    event: ServerEventName,
    payload: ServerPayload<ServerEventName>,
    except?: string,
  ): void {
    const to = except === undefined ? this.#io.to(room) : this.#io.to(room).except(except)
    // Emitting any event by its name: the payload was typed by the caller.
    ;(to.emit as AnyEmit).call(to, event, payload)
  }

  #changeMembership(change: { groupId: string; userIds: string[]; isMember: boolean }): void {
    this.#applyMembership(change)
    this.#io.serverSideEmit('membership_changed', change)
  }

  /** On every node: its own sockets hear the group from now on, or no more. */
  #applyMembership({
    groupId,
    userIds,
    isMember,
  }: {
    groupId: string
    userIds: string[]
    isMember: boolean
  }): void {
    for (const userId of userIds) this.#memberships.forget(groupId, userId)
    const sockets = this.#io.local.in(userIds.map(userRoom))
    if (isMember) sockets.socketsJoin(groupRoom(groupId))
    else sockets.socketsLeave(groupRoom(groupId))
  }
}
