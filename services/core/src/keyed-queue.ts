/** Runs work one at a time for each key, in the order asked for; different keys do not wait for each other. */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>()

  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve()
    // Whether the one before failed is its caller's concern.
    const result = before.then(work, work)
    this.#tails.set(key, result)
    const done = () => {
      if (this.#tails.get(key) === result) this.#tails.delete(key)
    }
    result.then(done, done)
    return result
  }
}
