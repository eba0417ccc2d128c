import { applyStatuses, type EarshotClient, type PresenceState } from '@earshot/client'
import { Store } from '../../app/store.ts'

/** Who is online, of the people on the screen: each component watches its own, the SDK asks the server for all. */
export class PresenceStore {
  readonly statuses = new Store<PresenceState>({})
  readonly #client: EarshotClient

  constructor(client: EarshotClient) {
    this.#client = client
    client.on('user_status_changed', (status) => {
      this.statuses.update((state) => applyStatuses(state, [status]))
    })
  }

  /** Returns the function that ends it. */
  watch(userIds: readonly string[]): () => void {
    return this.#client.watch(userIds)
  }
}
