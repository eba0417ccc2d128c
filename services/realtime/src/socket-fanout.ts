import { inParts } from '@earshot/core/conversations/membership-change'
import type { Fanout, FanoutOptions } from '@earshot/core/fanout'
import type { Audience } from '@earshot/core/visibility/audience'
import type { GroupPresence, ServerEventName, ServerPayload, UserStatus } from '@earshot/protocol'
import type { Realtime, RealtimeServer } from './realtime-server.ts'
import { blindRoom, choosy, everyone, groupRoom, guarded, headcountRoom, userRoom } from './rooms.ts'

type AnyEmit = (event: ServerEventName, payload: ServerPayload<ServerEventName>) => void

/** Tells clients through rooms that span all nodes. */
export class SocketFanout implements Fanout {
  readonly #io: Pick<RealtimeServer, 'to'>
  readonly #relay: Realtime['relay'] | undefined
  readonly #listeners: Realtime['listeners'] | undefined
  readonly #broadcastPresence: boolean
  readonly #published: Realtime['published']

  /** @param deps.realtime.io all nodes, or `io.local`: this one alone, which takes no relay */
  constructor(deps: {
    realtime: Pick<Realtime, 'published'> &
      Partial<Pick<Realtime, 'relay' | 'listeners'>> & { io: Pick<RealtimeServer, 'to'> }
    broadcastPresence: boolean
  }) {
    this.#io = deps.realtime.io
    this.#relay = deps.realtime.relay
    this.#listeners = deps.realtime.listeners
    this.#published = deps.realtime.published
    this.#broadcastPresence = deps.broadcastPresence
  }

  toUser<E extends ServerEventName>(
    userId: string,
    event: E,
    payload: ServerPayload<E>,
    options?: FanoutOptions,
  ): void {
    this.#tell(userRoom(userId), event, payload, options)
  }

  async hearsElsewhere(userId: string): Promise<boolean> {
    return (await this.#listeners?.elsewhere(userRoom(userId))) ?? true
  }

  toUsers<E extends ServerEventName>(userIds: string[], event: E, payload: ServerPayload<E>): void {
    // Several rooms go to every node, and each takes what is its own: for many users cheaper than a message for each.
    for (const some of inParts({ userIds })) {
      // No room at all would be everybody.
      if (some.userIds.length === 0) return
      const to = this.#io.to(some.userIds.map(userRoom))
      ;(to.emit as AnyEmit).call(to, event, payload)
    }
  }

  toGroup<E extends ServerEventName>(
    groupId: string,
    event: E,
    payload: ServerPayload<E>,
    options?: FanoutOptions,
  ): void {
    this.#tell(groupRoom(groupId), event, payload, options)
  }

  activity<E extends ServerEventName>(
    groupId: string,
    event: E,
    payload: ServerPayload<E>,
    { userId, hiddenFrom }: { userId: string; hiddenFrom: ReadonlySet<string> },
  ): void {
    const except = [guarded, blindRoom(userId), ...[...hiddenFrom].map(userRoom)]
    this.#emit(groupRoom(groupId), event, payload, except)
  }

  presenceTo(status: UserStatus, { everyone: isEveryone, users }: Audience): void {
    if (!this.#broadcastPresence) return
    const named = [...users].map(userRoom)
    const blind = blindRoom(status.userId)
    if (isEveryone) this.#emit(everyone, 'user_status_changed', status, [blind, ...named])
    else for (const room of named) this.#emit(room, 'user_status_changed', status, [blind, choosy])
  }

  presenceToUser(status: UserStatus, userId: string): void {
    if (this.#broadcastPresence) this.#emit(userRoom(userId), 'user_status_changed', status, [choosy])
  }

  told(): Promise<unknown> {
    return this.#published()
  }

  headcount(presence: GroupPresence): void {
    this.#emit(headcountRoom(presence.groupId), 'group_presence', presence)
  }

  /** Typing is watched by who emits it to a socket (`TypingEnds`), which the relay does not. */
  #tell<E extends ServerEventName>(
    room: string,
    event: E,
    payload: ServerPayload<E>,
    { exceptSocketId: exceptId, isHereOnly, hereAfter, audio }: FanoutOptions = {},
  ): void {
    if (this.#relay && event !== 'user_typing')
      this.#relay.tell(room, event, payload, { exceptId, isHereOnly, hereAfter, audio })
    else if (audio) throw new Error('audio is told by a relay')
    else if (hereAfter) void hereAfter.then(() => this.#emit(room, event, payload, exceptId))
    else this.#emit(room, event, payload, exceptId)
  }

  /** One room for each emit: the adapter sends several to every node, one only to the nodes that hold it. */
  #emit(
    room: string,
    event: ServerEventName,
    payload: ServerPayload<ServerEventName>,
    except?: string | string[],
  ): void {
    const to = except === undefined ? this.#io.to(room) : this.#io.to(room).except(except)
    // Emitting any event by its name: the payload was typed by the caller.
    ;(to.emit as AnyEmit).call(to, event, payload)
  }
}
