import { CodedError } from '@earshot/protocol'

/** Lets so much work run at once; the rest waits for its turn. */
export class Semaphore {
  readonly #maxWaiting: number
  readonly #waiting: (() => void)[] = []
  #free: number

  /** @param maxWaiting beyond it work is refused */
  constructor(atOnce: number, maxWaiting = Number.POSITIVE_INFINITY) {
    this.#free = atOnce
    this.#maxWaiting = maxWaiting
  }

  /** @throws {CodedError} `RETRY_LATER` when too much waits already */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await this.#turn()
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#maxWaiting) {
      const retryAfterMs = 500 + Math.floor(Math.random() * 1_000)
      throw new CodedError('RETRY_LATER', 'Too many ask at once.', { retryAfterMs })
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    return promise
  }
}
