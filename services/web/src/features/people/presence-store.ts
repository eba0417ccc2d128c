import { applyStatuses, type EarshotClient, forgetOnline, type PresenceState } from '@earshot/client'
import { Store } from '../../app/store.ts'

/**
 * Who is online, of the people on the screen: each component watches its own, the SDK asks the server for all. While
 * no events come, it is asked for by HTTP; where that does not answer either, nobody is said to be online.
 */
export class PresenceStore {
  readonly statuses = new Store<PresenceState>({})
  readonly #client: EarshotClient

  constructor(client: EarshotClient) {
    this.#client = client
    client.on('user_status_changed', (status) => {
      this.statuses.update((state) => applyStatuses(state, [status]))
    })
    client.on('disconnected', () => this.#forgetOnline())
  }

  /**
   * Returns the function that ends it.
   * @param pollMs between two questions while there is no connection for events
   */
  watch(userIds: readonly string[], pollMs?: number): () => void {
    const stop = this.#client.watch(userIds)
    if (pollMs === undefined) return stop
    const timer = setInterval(() => {
      if (!this.#client.connected) void this.#ask(userIds, pollMs)
    }, pollMs)
    return () => {
      clearInterval(timer)
      stop()
    }
  }

  async #ask(userIds: readonly string[], patienceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#forgetOnline(), patienceMs)
    try {
      const users = await this.#client.http.lastSeenMany(userIds)
      if (this.#client.connected) return // events tell by now
      this.statuses.update((state) => {
        const asked = users.map(({ _id: userId, isOnline, lastSeen }) => ({
          userId,
          isOnline,
          lastSeen,
          version: -1, // whatever event comes is newer
        }))
        return { ...state, ...Object.fromEntries(asked.map((status) => [status.userId, status])) }
      })
    } catch (error) {
      this.#forgetOnline()
      console.debug('Earshot: who is online cannot be asked for right now.', error)
    } finally {
      clearTimeout(timer)
    }
  }

  #forgetOnline(): void {
    if (!this.#client.connected) this.statuses.update(forgetOnline)
  }
}
