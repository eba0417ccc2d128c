import { setTimeout as wait } from 'node:timers/promises'
import type { MembershipChange } from '@earshot/core/conversations/membership-change'
import type { MembershipStore } from '@earshot/core/conversations/membership-store'
import { inTime } from '@earshot/core/in-time'
import type { Logger } from '@earshot/core/observability/logger'
import { Outage } from '@earshot/core/observability/outage'
import { groupRoom, type RealtimeServer, type RealtimeSocket, type Subscriptions } from '@earshot/realtime'
import { GroupSockets } from './group-sockets.ts'

const retryMs = 1_000
const usersPerStep = 100
/** Clients are told to `sync` over this time, so that they do not all ask at once. */
const spreadMs = 2_000

/**
 * Which sockets of this node hear which groups: those of members, by what MongoDB says. What others announce says only
 * where to look, so the order in which announcements come does not matter. In doubt a socket is out.
 *
 * Who reads memberships to let a socket in takes a mark first, and reads again when something changed meanwhile.
 */
export class GroupRooms {
  readonly #sockets: GroupSockets
  readonly #subscriptions: Subscriptions
  readonly #memberships: MembershipStore
  readonly #reading: Outage
  /** Of sockets that are being let in: when their groups were read. */
  readonly #readAt = new WeakMap<RealtimeSocket, number>()
  /** Users whose groups could not be read. */
  readonly #inDoubt = new Set<string>()
  #retry: NodeJS.Timeout | undefined
  /** While this node does not hear what others announce, nobody here hears a group. */
  #isOpen = true

  constructor(deps: {
    io: RealtimeServer
    subscriptions: Subscriptions
    memberships: MembershipStore
    log: Logger
  }) {
    this.#sockets = new GroupSockets(deps.io)
    this.#subscriptions = deps.subscriptions
    this.#memberships = deps.memberships
    this.#reading = new Outage(deps.log, 'reading memberships')
  }

  /** Before the client is told that it is connected. Resolves when its groups are heard; rejects with MongoDB away. */
  async admit(socket: RealtimeSocket): Promise<void> {
    const { userId } = socket.data
    let mark: number
    do {
      mark = this.#memberships.mark()
      this.#readAt.set(socket, mark)
      this.#sockets.put(socket, await this.#memberships.groupsOf(userId))
      await this.#subscriptions.settled()
    } while (this.#memberships.changedSince(mark, userId))
  }

  /** In the moment that a socket counts as connected: `follow` reaches it from now on. */
  connected(socket: RealtimeSocket): void {
    const { userId } = socket.data
    const readAt = this.#readAt.get(socket) ?? -1
    this.#readAt.delete(socket)
    if (this.#isOpen && !this.#memberships.changedSince(readAt, userId)) return
    this.#sockets.put(socket, [])
    void this.restore([userId])
  }

  /** Lets a socket hear those of the groups whose member its user is. Resolves when they are heard. */
  async enter(socket: RealtimeSocket, groupIds: string[]): Promise<void> {
    const unheard = groupIds.filter((groupId) => !socket.rooms.has(groupRoom(groupId)))
    await Promise.all(unheard.map((groupId) => this.#enterOne(socket, groupId)))
    // While nothing is heard this would take until it is; then the client is told to ask again.
    if (this.#isOpen) await this.#subscriptions.settled()
  }

  /** Follows a change. Never rejects: what cannot be read now is read later. */
  async follow({ groupId, userIds, kind }: MembershipChange): Promise<void> {
    this.#memberships.forget(groupId, userIds)
    const here = this.#sockets.present(userIds.length > 0 ? userIds : this.#sockets.usersIn(groupId))
    if (kind === 'removed') for (const userId of here) this.#sockets.leave(groupId, userId)
    const looked = this.#look(groupId, here, kind)
    if (kind === 'put') await looked
  }

  /** What others announce is not heard any more: out with everybody. */
  close(): void {
    this.#isOpen = false
    this.#memberships.forgetAll()
    this.#sockets.clear()
  }

  /** It is heard again: in with all members, who have missed something and are told to `sync`. */
  async open(): Promise<void> {
    this.#memberships.forgetAll()
    this.#inDoubt.clear()
    this.#isOpen = true
    await this.restore([...this.#sockets.everybody()])
  }

  /**
   * Puts the sockets of users into the rooms of their groups and tells them to `sync`. Never rejects: those whose groups
   * cannot be read stay out until they can.
   */
  async restore(userIds: string[]): Promise<void> {
    let left = userIds
    while (left.length > 0 && this.#isOpen) {
      const some = left.slice(0, usersPerStep)
      const mark = this.#memberships.mark()
      const groups = await this.#read(left, () => this.#memberships.groupsOfEach(some))
      if (!groups || !this.#isOpen) return
      const known = new Set(some.filter((userId) => !this.#memberships.changedSince(mark, userId)))
      const sockets = [...known].flatMap((userId) => this.#sockets.of(userId))
      for (const socket of sockets) this.#sockets.put(socket, groups.get(socket.data.userId) ?? [])
      await this.#tellToSync(sockets)
      left = left.filter((userId) => !known.has(userId))
      if (left.length > 0) await wait((spreadMs * usersPerStep) / userIds.length)
    }
  }

  /** The process leaves. */
  stop(): void {
    this.#isOpen = false
    clearTimeout(this.#retry)
  }

  async #enterOne(socket: RealtimeSocket, groupId: string): Promise<void> {
    const { userId } = socket.data
    let mark: number
    let isMember: boolean
    do {
      mark = this.#memberships.mark()
      isMember = (await this.#memberships.role(groupId, userId)) !== null
    } while (this.#memberships.changedSince(mark, userId, groupId))
    if (isMember && this.#isOpen) await socket.join(groupRoom(groupId))
  }

  /** Sets right which of these users hear a group. */
  async #look(groupId: string, userIds: string[], kind: MembershipChange['kind']): Promise<void> {
    let left = userIds
    while (left.length > 0 && this.#isOpen) {
      const asked = left
      const mark = this.#memberships.mark()
      const members = await this.#read(asked, () => this.#memberships.membersAmong(groupId, asked))
      if (!members) for (const userId of asked) this.#sockets.leave(groupId, userId)
      if (!members || !this.#isOpen) return
      const known = new Set(asked.filter((userId) => !this.#memberships.changedSince(mark, userId, groupId)))
      for (const userId of known) this.#setRight(groupId, userId, members.has(userId), kind)
      left = asked.filter((userId) => !known.has(userId))
    }
    if (kind === 'put' && this.#isOpen) await this.#heardSoon()
  }

  #setRight(groupId: string, userId: string, isMember: boolean, kind: MembershipChange['kind']): void {
    if (!isMember) {
      const wasIn = this.#sockets.leave(groupId, userId)
      if (!wasIn || kind !== 'unknown') return
      // Who removed them could not say so.
      const change = { groupId, conversationId: groupId, userId }
      for (const socket of this.#sockets.of(userId)) socket.emit('group_member_removed', change)
      return
    }
    const joined = this.#sockets.join(groupId, userId)
    // Who adds somebody tells them. The others were out for a moment and do not know.
    if (kind !== 'put') void this.#tellToSync(joined)
  }

  /** Returns nothing when MongoDB is away; then these users are restored when it is back. */
  async #read<T>(userIds: string[], read: () => Promise<T>): Promise<T | undefined> {
    try {
      const found = await read()
      this.#reading.worked()
      return found
    } catch (err) {
      this.#reading.failed(err)
      for (const userId of userIds) this.#inDoubt.add(userId)
      if (this.#isOpen) this.#retry ??= setTimeout(() => this.#restoreDoubtful(), retryMs)
      return undefined
    }
  }

  #restoreDoubtful(): void {
    this.#retry = undefined
    const userIds = this.#sockets.present(this.#inDoubt)
    this.#inDoubt.clear()
    void this.restore(userIds)
  }

  /** So that who adds somebody is answered when this node hears the group. Not at any price: who is added syncs. */
  async #heardSoon(): Promise<void> {
    await inTime(this.#subscriptions.settled(), retryMs).catch(() => undefined)
  }

  async #tellToSync(sockets: RealtimeSocket[]): Promise<void> {
    if (sockets.length === 0) return
    await this.#subscriptions.settled()
    for (const socket of sockets) socket.emit('sync_required', { reason: 'something may have been missed' })
  }
}
