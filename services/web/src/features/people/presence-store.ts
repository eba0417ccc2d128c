import { applyStatuses, type EarshotClient, type PresenceState } from '@earshot/client'
import { Store } from '../../app/store.ts'

/** Someone who scrolls out of sight and back in is not unsubscribed in between. */
const unwatchDelayMs = 5_000

/** Who is online, of the people on the screen: each component watches its own, the server is told of all. */
export class PresenceStore {
  readonly statuses = new Store<PresenceState>({})
  readonly #client: EarshotClient
  readonly #watchers = new Map<string, number>()
  readonly #subscribed = new Set<string>()
  #settleTimer: ReturnType<typeof setTimeout> | undefined

  constructor(client: EarshotClient) {
    this.#client = client
    client.on('user_status_changed', (status) => {
      this.statuses.update((state) => applyStatuses(state, [status]))
    })
  }

  /** Returns the function that ends it. */
  watch(userIds: readonly string[]): () => void {
    for (const userId of userIds) this.#watchers.set(userId, (this.#watchers.get(userId) ?? 0) + 1)
    this.#settleAfter(0)
    return () => {
      for (const userId of userIds) this.#watchers.set(userId, (this.#watchers.get(userId) ?? 1) - 1)
      this.#settleAfter(unwatchDelayMs)
    }
  }

  #settleAfter(delayMs: number): void {
    clearTimeout(this.#settleTimer)
    this.#settleTimer = setTimeout(() => {
      this.#settle().catch((error: unknown) => {
        console.warn('Earshot: the presence of some people is not known.', error)
      })
    }, delayMs)
  }

  async #settle(): Promise<void> {
    const wanted = [...this.#watchers].filter(([, count]) => count > 0).map(([userId]) => userId)
    const added = wanted.filter((userId) => !this.#subscribed.has(userId))
    const removed = [...this.#subscribed].filter((userId) => !wanted.includes(userId))
    for (const userId of removed) {
      this.#subscribed.delete(userId)
      this.#watchers.delete(userId)
    }
    for (const userId of added) this.#subscribed.add(userId)
    // One after the other: an unsubscribe that overtook a subscribe of the same person would win.
    if (removed.length > 0) await this.#client.unsubscribe(removed)
    if (added.length === 0) return
    const statuses = await this.#client.subscribe(added)
    this.statuses.update((state) => applyStatuses(state, statuses))
  }
}
