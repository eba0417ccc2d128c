import { inSlices } from '@earshot/core/in-slices'
import { KeyedQueue } from '@earshot/core/keyed-queue'
import type { Logger } from '@earshot/core/observability/logger'
import type { PresenceReader } from '@earshot/core/presence/presence-reader'
import { hiddenStatus } from '@earshot/core/presence/to-status'
import { isGuarded, isOpen, openRules, type VisibilityRules } from '@earshot/core/visibility/rules'
import type { Visibility } from '@earshot/core/visibility/visibility'
import { fromWireRules, type VisibilityChange } from '@earshot/core/visibility/visibility-change'
import { CodedError, type Limits, type UserStatus } from '@earshot/protocol'
import { headcountRoom, type RealtimeSocket, type Subscriptions } from '@earshot/realtime'
import type { PresenceSockets } from './presence-sockets.ts'

/** So many are told all anew at a time: what they ask is read together. */
const socketsAtOnce = 100

/** A socket and those of whom it is to be told something. */
type Pairs = Map<RealtimeSocket, Set<string>>

/**
 * Which sockets of this node hear of whom. Who may not see a user is not in the room where the user's changes are told, so
 * that telling costs nothing to decide; it is decided when somebody watches, and again when it changed who sees whom.
 * In doubt a socket is out.
 */
export class PresenceWatch {
  readonly #sockets: PresenceSockets
  readonly #subscriptions: Subscriptions
  readonly #visibility: Visibility
  readonly #reader: PresenceReader
  readonly #limits: Limits
  readonly #broadcasts: boolean
  readonly #log: Logger
  /** Whom one socket hears is decided one after the other. To read how these are is no part of that: it takes its time. */
  readonly #inOrder = new KeyedQueue()
  /** Of sockets that are being let in: what was known then. */
  readonly #placedAt = new WeakMap<RealtimeSocket, number>()

  constructor(deps: {
    sockets: PresenceSockets
    subscriptions: Subscriptions
    visibility: Visibility
    reader: PresenceReader
    limits: Limits
    /** Whether who names nobody hears of everybody. */
    broadcasts: boolean
    log: Logger
  }) {
    this.#sockets = deps.sockets
    this.#subscriptions = deps.subscriptions
    this.#visibility = deps.visibility
    this.#reader = deps.reader
    this.#limits = deps.limits
    this.#broadcasts = deps.broadcasts
    this.#log = deps.log
  }

  /** Before the client is told that it is connected. Rejects with MongoDB away. */
  async admit(socket: RealtimeSocket): Promise<void> {
    let generation: number
    do {
      generation = this.#visibility.generation
      this.#sockets.place(socket, await this.#visibility.rulesOf(socket.data.userId))
    } while (generation !== this.#visibility.generation)
    this.#placedAt.set(socket, generation)
    await this.#subscriptions.settled()
  }

  /** In the moment that a socket counts as connected: `follow` reaches it from now on. */
  connected(socket: RealtimeSocket): void {
    const placedAt = this.#placedAt.get(socket)
    this.#placedAt.delete(socket)
    if (placedAt !== this.#visibility.generation) this.#background(this.#placeAgain(socket))
    else if (isGuarded(this.#visibility.rulesNow(socket.data.userId) ?? openRules)) {
      this.#background(this.#watchCircle(socket))
    }
  }

  /**
   * From now on the socket hears of those alone whom it named, and of these. Returns how they are.
   * @param countedIds groups that it is about to watch as counts: each is as much as a user
   * @throws {CodedError} `TOO_LARGE`
   */
  async watch(
    socket: RealtimeSocket,
    userIds: readonly string[],
    countedIds: readonly string[] = [],
  ): Promise<UserStatus[]> {
    await this.#inOrder.run(socket.id, async () => {
      if (!socket.connected) return
      const watched = new Set(this.#sockets.isChoosy(socket) ? this.#sockets.watchedBy(socket) : [])
      for (const userId of userIds) watched.add(userId)
      const counted = new Set([...this.#sockets.headcountsOf(socket), ...countedIds])
      const max = this.#limits.subscribeMaxUsersPerSocket
      if (watched.size + counted.size > max) {
        throw new CodedError('TOO_LARGE', `A socket watches ${max} users at most.`, { field: 'userIds' })
      }
      this.#sockets.beChoosy(socket)
      await this.#decide(socket, userIds)
    })
    // What comes between is heard: so it is subscribed first, and read then, together with all who ask meanwhile.
    await this.#subscriptions.settled()
    return socket.connected ? this.#reader.statuses(socket.data.userId, userIds) : []
  }

  async unwatch(socket: RealtimeSocket, userIds: readonly string[]): Promise<void> {
    await this.#inOrder.run(socket.id, async () => this.#sockets.unwatch(socket, userIds))
  }

  /**
   * Follows a change of who sees whom. When it returns, nobody hears any more who may not; the rest is done soon. Never
   * rejects.
   */
  follow({ userId, version, rules, others }: VisibilityChange): void {
    const among = others && new Set(others)
    const concerns = (otherId: string) => !among || among.has(otherId)
    const pairs: Pairs = new Map()
    for (const socket of this.#sockets.watchersOf(userId)) {
      if (concerns(socket.data.userId)) pairs.set(socket, new Set([userId]))
    }
    const own = this.#sockets.of(userId)
    const known = this.#visibility.rulesNow(userId)
    for (const socket of own) {
      pairs.set(socket, new Set(this.#sockets.watchedBy(socket).filter(concerns)))
      if (known) this.#sockets.place(socket, known)
    }
    if (!isOpen(fromWireRules(rules))) for (const socket of own) this.#leaveHeadcounts(socket)
    const shut = this.#shut(pairs)
    this.#background(this.#settle(pairs, shut, version))
    if (known && isGuarded(known)) for (const socket of own) this.#background(this.#watchCircle(socket))
  }

  /** What others announced was not heard for a while: all is decided again, and all is told again to those who watch. */
  async followAll(): Promise<void> {
    for (const some of inSlices(this.#sockets.all(), socketsAtOnce)) {
      await Promise.all(some.map((socket) => this.#followAnew(socket)))
    }
  }

  async #followAnew(socket: RealtimeSocket): Promise<void> {
    await this.#placeAgain(socket)
    const watched = this.#sockets.watchedBy(socket)
    if (watched.length === 0) return
    await this.#inOrder.run(socket.id, () => this.#decide(socket, watched))
    if (!socket.connected) return
    const statuses = await this.#reader.statuses(socket.data.userId, watched)
    for (const status of statuses) {
      if (this.#sockets.watches(socket, status.userId)) socket.emit('user_status_changed', status)
    }
  }

  /** Out of all rooms of which it is not certain that the socket may be in. Returns what was left. */
  #shut(pairs: Pairs): Pairs {
    const shut: Pairs = new Map()
    for (const [socket, userIds] of pairs) {
      const doubtful = [...userIds].filter(
        (userId) =>
          this.#sockets.hears(socket, userId) && !this.#visibility.seesNow(socket.data.userId, userId),
      )
      this.#sockets.watch(socket, doubtful, new Set())
      shut.set(socket, new Set(doubtful))
    }
    return shut
  }

  /** Each socket by itself: none waits for another of which much has to be looked up, or fails with it. */
  async #settle(pairs: Pairs, shut: Pairs, version: number): Promise<void> {
    const settled = [...pairs].map(([socket, userIds]) =>
      this.#settleOne(socket, userIds, shut.get(socket) ?? new Set(), version),
    )
    for (const outcome of await Promise.allSettled(settled)) {
      if (outcome.status === 'rejected') throw outcome.reason
    }
  }

  /** Lets in who may see, and tells who sees since now how it is, who sees no more that there is nothing to see. */
  async #settleOne(
    socket: RealtimeSocket,
    userIds: Set<string>,
    wasOpen: Set<string>,
    version: number,
  ): Promise<void> {
    const revealed = await this.#inOrder.run(socket.id, async () => {
      if (!socket.connected) return []
      const closed = [...userIds].filter(
        (userId) => this.#sockets.watches(socket, userId) && !this.#sockets.hears(socket, userId),
      )
      const seen = await this.#decide(socket, closed)
      for (const userId of closed) {
        if (wasOpen.has(userId) && !seen.has(userId))
          socket.emit('user_status_changed', hiddenStatus(userId, version))
      }
      return [...seen]
    })
    if (revealed.length === 0) return
    await this.#subscriptions.settled()
    const statuses = await this.#reader.shown(revealed, version)
    for (const userId of revealed) {
      const status = statuses.get(userId)
      if (status && this.#sockets.hears(socket, userId)) socket.emit('user_status_changed', status)
    }
  }

  /** Puts the socket where it belongs for each of the users; returns those it may see. */
  async #decide(socket: RealtimeSocket, userIds: readonly string[]): Promise<Set<string>> {
    for (;;) {
      const { generation } = this.#visibility
      const seen = await this.#visibility.seenAmong(socket.data.userId, userIds)
      if (generation !== this.#visibility.generation) continue
      // A room that is joined after the socket is gone would be left by nobody.
      if (socket.connected) this.#sockets.watch(socket, userIds, seen)
      return seen
    }
  }

  async #placeAgain(socket: RealtimeSocket): Promise<void> {
    let rules: VisibilityRules
    let generation: number
    do {
      generation = this.#visibility.generation
      rules = await this.#visibility.rulesOf(socket.data.userId)
    } while (generation !== this.#visibility.generation)
    if (!socket.connected) return
    this.#sockets.place(socket, rules)
    if (!isOpen(rules)) this.#leaveHeadcounts(socket)
    if (isGuarded(rules)) await this.#watchCircle(socket)
  }

  /** A client that hears of everybody, and whose user shows themselves to some: it hears of these. */
  async #watchCircle(socket: RealtimeSocket): Promise<void> {
    if (!this.#broadcasts || this.#sockets.isChoosy(socket)) return
    const circle = [...(await this.#visibility.circle(socket.data.userId))]
    await this.#inOrder.run(socket.id, async () => {
      const rules = await this.#visibility.rulesOf(socket.data.userId)
      if (isGuarded(rules) && !this.#sockets.isChoosy(socket)) await this.#decide(socket, circle)
    })
  }

  #leaveHeadcounts(socket: RealtimeSocket): void {
    for (const groupId of this.#sockets.headcountsOf(socket)) void socket.leave(headcountRoom(groupId))
  }

  #background(work: Promise<void>): void {
    work.catch((err: unknown) => this.#log.warn({ err }, 'who watches whom could not be settled'))
  }
}
