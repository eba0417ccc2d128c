import { CodedError } from '@earshot/protocol'

/** Lets so much work run at once; the rest waits for its turn, in the order of coming. */
export class Semaphore {
  readonly #size: number
  readonly #maxWaiting: number
  readonly #waiting: { weight: number; enter: () => void }[] = []
  #taken = 0

  /** @param size of what runs at once: pieces of work, or what they weigh; @param maxWaiting beyond it work is refused */
  constructor(size: number, maxWaiting = Number.POSITIVE_INFINITY) {
    this.#size = size
    this.#maxWaiting = maxWaiting
  }

  /**
   * @param weight what is heavier than all that may run at once runs alone
   * @throws {CodedError} `RETRY_LATER` when too much waits already
   */
  async run<T>(work: () => Promise<T>, weight = 1): Promise<T> {
    if (this.#waiting.length === 0 && this.#fits(weight)) this.#taken += weight
    else await this.#turn(weight)
    try {
      return await work()
    } finally {
      this.#leave(weight)
    }
  }

  #turn(weight: number): Promise<void> {
    if (this.#waiting.length >= this.#maxWaiting) {
      const retryAfterMs = 500 + Math.floor(Math.random() * 1_000)
      throw new CodedError('RETRY_LATER', 'Too many ask at once.', { retryAfterMs })
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push({ weight, enter: resolve })
    return promise
  }

  #leave(weight: number): void {
    this.#taken -= weight
    for (let next = this.#waiting[0]; next && this.#fits(next.weight); next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#taken += next.weight
      next.enter()
    }
  }

  #fits(weight: number): boolean {
    return this.#taken === 0 || this.#taken + weight <= this.#size
  }
}
