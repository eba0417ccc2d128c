import { CodedError } from '@earshot/protocol'

export interface BacklogOptions {
  /** Messages under way. */
  max: number
  /** What they hold in memory, bytes. */
  maxBytes: number
}

/**
 * Messages under way on this node, from their check to their ack: so that what waits for a store that is slow or away
 * does not fill the memory, wherever on its way it waits.
 */
export class Backlog {
  readonly #options: BacklogOptions
  #count = 0
  #bytes = 0

  constructor(options: BacklogOptions) {
    this.#options = options
  }

  /**
   * Returns what is to be called when the message is answered.
   * @throws {CodedError} `RETRY_LATER` when there are too many
   */
  take(bytes: number): () => void {
    const { max, maxBytes } = this.#options
    // A single one is taken whatever it weighs: its size has a limit of its own.
    if (this.#count >= max || (this.#count > 0 && this.#bytes + bytes > maxBytes)) {
      const retryAfterMs = 500 + Math.floor(Math.random() * 1_000)
      throw new CodedError('RETRY_LATER', 'Too many messages wait to be stored.', { retryAfterMs })
    }
    this.#count++
    this.#bytes += bytes
    return () => {
      this.#count--
      this.#bytes -= bytes
    }
  }
}
