import type { Headcounts } from '@earshot/core/presence/headcounts'
import { isOpen } from '@earshot/core/visibility/rules'
import type { Visibility } from '@earshot/core/visibility/visibility'
import type { GroupPresence } from '@earshot/protocol'
import { headcountRoom, type RealtimeSocket, type Subscriptions } from '@earshot/realtime'
import type { PresenceSockets } from './presence-sockets.ts'

/** Which sockets of this node hear how many of a group are online. Who is not counted is told no count. */
export class HeadcountWatch {
  readonly #headcounts: Headcounts
  readonly #visibility: Visibility
  readonly #sockets: PresenceSockets
  readonly #subscriptions: Subscriptions
  readonly #everyMs: number
  readonly #watched = new Set<string>()

  constructor(deps: {
    headcounts: Headcounts
    visibility: Visibility
    sockets: PresenceSockets
    subscriptions: Subscriptions
    /** How often groups are counted. */
    everyMs: number
  }) {
    this.#headcounts = deps.headcounts
    this.#visibility = deps.visibility
    this.#sockets = deps.sockets
    this.#subscriptions = deps.subscriptions
    this.#everyMs = deps.everyMs
  }

  /** For a member of the group; tells the count of now. */
  async watch(socket: RealtimeSocket, groupId: string): Promise<GroupPresence> {
    await this.#headcounts.watch([groupId], this.#ttlMs)
    const presence = await this.#headcounts.of(groupId)
    const generation = this.#visibility.generation
    const rules = await this.#visibility.rulesOf(socket.data.userId)
    if (!isOpen(rules)) return { ...presence, onlineCount: null }
    if (generation !== this.#visibility.generation) return this.watch(socket, groupId)
    this.#watched.add(groupId)
    if (socket.connected) await socket.join(headcountRoom(groupId))
    await this.#subscriptions.settled()
    return presence
  }

  unwatch(socket: RealtimeSocket, groupId: string): void {
    void socket.leave(headcountRoom(groupId))
  }

  /** To be called as often as groups are counted: says which somebody here still watches. */
  async renew(): Promise<void> {
    for (const groupId of this.#watched) {
      if (!this.#sockets.hearHeadcount(groupId)) this.#watched.delete(groupId)
    }
    await this.#headcounts.watch([...this.#watched], this.#ttlMs)
  }

  /** Tells those here anew how many are online: what others told may not have been heard. */
  async tellAll(): Promise<void> {
    for (const groupId of this.#watched) this.#sockets.tellHeadcount(await this.#headcounts.of(groupId))
  }

  /** Groups are counted as long as some node says so, and a little longer. */
  get #ttlMs(): number {
    return 3 * this.#everyMs
  }
}
