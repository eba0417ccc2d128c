import { CodedError } from '@earshot/protocol'

/** How many uploads a node takes at once: each holds a few megabytes while it runs. */
export class UploadSlots {
  readonly #max: number
  readonly #maxPerUser: number
  readonly #byUser = new Map<string, number>()
  #taken = 0

  constructor(options: { max: number; maxPerUser: number }) {
    this.#max = options.max
    this.#maxPerUser = options.maxPerUser
  }

  /**
   * Returns what gives the slot back.
   * @throws {CodedError} `RETRY_LATER` when the node is full, `RATE_LIMITED` when the user has too many at once
   */
  take(userId: string): () => void {
    const retryAfterMs = 1_000 + Math.floor(Math.random() * 1_000)
    if (this.#taken >= this.#max) {
      throw new CodedError('RETRY_LATER', 'Too many uploads are under way.', { retryAfterMs })
    }
    const ofUser = this.#byUser.get(userId) ?? 0
    if (ofUser >= this.#maxPerUser) {
      throw new CodedError('RATE_LIMITED', 'Too many of your uploads are under way.', { retryAfterMs })
    }
    this.#taken++
    this.#byUser.set(userId, ofUser + 1)
    return () => this.#giveBack(userId)
  }

  #giveBack(userId: string): void {
    this.#taken--
    const left = (this.#byUser.get(userId) ?? 1) - 1
    if (left > 0) this.#byUser.set(userId, left)
    else this.#byUser.delete(userId)
  }
}
