import { setTimeout as wait } from 'node:timers/promises'

/** A pause for what everybody who connects asks: in a storm hundreds come in it, and a client does not notice it. */
export const stormPauseMs = 20

interface Asked<V> {
  resolve: (value: V) => void
  reject: (reason: unknown) => void
}

export interface GathererOptions<K> {
  /** Most keys in one look-up. */
  max?: number
  /** What the keys of one look-up may weigh together; one alone may weigh more. */
  maxWeight?: number
  weightOf?: (key: K) => number
  /** Between two look-ups, so that in a storm more come together; who asks when nobody did just now does not wait. */
  pauseMs?: number
}

/**
 * Answers many by few look-ups: what is asked in one tick is looked up together, and so is what is asked while a look-up is
 * under way. A store's cost is by the command more than by the document, so a storm costs it a fraction. Who asks is never
 * answered by a look-up that began before.
 */
export class Gatherer<K, V> {
  readonly #lookUp: (keys: K[]) => Promise<Map<K, V>>
  readonly #absent: V
  readonly #max: number
  readonly #maxWeight: number
  readonly #weightOf: (key: K) => number
  readonly #pauseMs: number
  #waiting = new Map<K, Asked<V>[]>()
  /** A look-up is under way, about to begin, or ended just now. */
  #isBusy = false

  /** @param absent the answer for a key that the look-up does not return */
  constructor(lookUp: (keys: K[]) => Promise<Map<K, V>>, absent: V, options: GathererOptions<K> = {}) {
    this.#lookUp = lookUp
    this.#absent = absent
    this.#max = options.max ?? 500
    this.#maxWeight = options.maxWeight ?? Infinity
    this.#weightOf = options.weightOf ?? (() => 0)
    this.#pauseMs = options.pauseMs ?? 0
  }

  ask(key: K): Promise<V> {
    return new Promise((resolve, reject) => {
      const asked = this.#waiting.get(key)
      if (asked) asked.push({ resolve, reject })
      else this.#waiting.set(key, [{ resolve, reject }])
      if (this.#isBusy) return
      this.#isBusy = true
      setImmediate(() => void this.#run())
    })
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    while (this.#waiting.size > 0) {
      const some = this.#take()
      // As many as one look-up takes wait already.
      const hasMore = this.#waiting.size > 0
      await this.#answer(some)
      if (this.#pauseMs > 0 && !hasMore) await wait(this.#pauseMs)
    }
    this.#isBusy = false
  }

  #take(): Map<K, Asked<V>[]> {
    const some = new Map<K, Asked<V>[]>()
    let weight = 0
    for (const [key, asked] of this.#waiting) {
      weight += this.#weightOf(key)
      if (some.size > 0 && (some.size === this.#max || weight > this.#maxWeight)) break
      some.set(key, asked)
    }
    if (some.size === this.#waiting.size) this.#waiting = new Map()
    else for (const key of some.keys()) this.#waiting.delete(key)
    return some
  }

  /** Never rejects. */
  async #answer(some: Map<K, Asked<V>[]>): Promise<void> {
    try {
      const found = await this.#lookUp([...some.keys()])
      for (const [key, asked] of some) {
        const value = found.get(key) ?? this.#absent
        for (const { resolve } of asked) resolve(value)
      }
    } catch (error) {
      for (const { reject } of [...some.values()].flat()) reject(error)
    }
  }
}
