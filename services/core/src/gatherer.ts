interface Asked<V> {
  resolve: (value: V) => void
  reject: (reason: unknown) => void
}

export interface GathererOptions {
  /** Look-ups under way at once; what is asked meanwhile waits. */
  atOnce?: number
  /** Most keys in one look-up. */
  max?: number
}

/**
 * Answers many by few look-ups: what is asked in one tick is looked up together, and so is what is asked while enough
 * look-ups are under way. A store's cost is by the command more than by the document, so a storm costs it a fraction. Who
 * asks is never answered by a look-up that began before.
 */
export class Gatherer<K, V> {
  readonly #lookUp: (keys: K[]) => Promise<Map<K, V>>
  readonly #absent: V
  readonly #atOnce: number
  readonly #max: number
  #waiting = new Map<K, Asked<V>[]>()
  #running = 0
  #isDue = false

  /** @param absent the answer for a key that the look-up does not return */
  constructor(lookUp: (keys: K[]) => Promise<Map<K, V>>, absent: V, options: GathererOptions = {}) {
    this.#lookUp = lookUp
    this.#absent = absent
    this.#atOnce = options.atOnce ?? 2
    this.#max = options.max ?? 500
  }

  ask(key: K): Promise<V> {
    return new Promise((resolve, reject) => {
      const asked = this.#waiting.get(key)
      if (asked) asked.push({ resolve, reject })
      else this.#waiting.set(key, [{ resolve, reject }])
      if (this.#isDue) return
      this.#isDue = true
      setImmediate(() => {
        this.#isDue = false
        this.#run()
      })
    })
  }

  #run(): void {
    while (this.#running < this.#atOnce && this.#waiting.size > 0) void this.#answer(this.#take())
  }

  #take(): Map<K, Asked<V>[]> {
    const some = new Map([...this.#waiting].slice(0, this.#max))
    if (some.size === this.#waiting.size) this.#waiting = new Map()
    else for (const key of some.keys()) this.#waiting.delete(key)
    return some
  }

  /** Never rejects. */
  async #answer(some: Map<K, Asked<V>[]>): Promise<void> {
    this.#running++
    try {
      const found = await this.#lookUp([...some.keys()])
      for (const [key, asked] of some) {
        const value = found.get(key) ?? this.#absent
        for (const { resolve } of asked) resolve(value)
      }
    } catch (error) {
      for (const { reject } of [...some.values()].flat()) reject(error)
    } finally {
      this.#running--
      this.#run()
    }
  }
}
