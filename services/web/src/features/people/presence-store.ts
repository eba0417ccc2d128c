import { applyStatuses, type EarshotClient, type PresenceState } from '@earshot/client'
import { Store } from '../../app/store.ts'

/**
 * Who is online, of the people on the screen: each component watches its own, the SDK asks the server for all. While
 * no events come, it is asked for by HTTP.
 */
export class PresenceStore {
  readonly statuses = new Store<PresenceState>({})
  readonly #client: EarshotClient

  constructor(client: EarshotClient) {
    this.#client = client
    client.on('user_status_changed', (status) => {
      this.statuses.update((state) => applyStatuses(state, [status]))
    })
  }

  /**
   * Returns the function that ends it.
   * @param pollMs between two questions while there is no connection for events
   */
  watch(userIds: readonly string[], pollMs?: number): () => void {
    const stop = this.#client.watch(userIds)
    if (pollMs === undefined) return stop
    const timer = setInterval(() => {
      if (!this.#client.connected) void this.#ask(userIds)
    }, pollMs)
    return () => {
      clearInterval(timer)
      stop()
    }
  }

  async #ask(userIds: readonly string[]): Promise<void> {
    try {
      const users = await this.#client.http.lastSeenMany(userIds)
      this.statuses.update((state) => {
        // Events have versions, and any of them is newer than an answer without one.
        const asked = users.map(({ _id, isOnline, lastSeen }) => ({
          userId: _id,
          isOnline,
          lastSeen,
          version: state[_id]?.version ?? 0,
        }))
        return { ...state, ...Object.fromEntries(asked.map((status) => [status.userId, status])) }
      })
    } catch (error) {
      console.debug('Earshot: who is online cannot be asked for right now.', error)
    }
  }
}
