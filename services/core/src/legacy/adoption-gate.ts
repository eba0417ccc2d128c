import type { AdoptionStore } from './adoption-store.ts'

/**
 * Whether the messages that were there before the first start have their numbers. Until then a gateway takes no
 * traffic: what is sent earlier would be numbered before them.
 */
export class AdoptionGate {
  readonly #store: AdoptionStore
  #isOpen = false

  constructor(store: AdoptionStore) {
    this.#store = store
  }

  /** Rejects as long as they have not. */
  async passed(): Promise<void> {
    this.#isOpen ||= (await this.#store.isComplete()) || !(await this.#store.isAnyWaiting())
    if (!this.#isOpen) throw new Error('messages of the existing system are not numbered yet')
  }
}
