interface Batch<T, A> {
  items: T[]
  weight: number
  send: () => void
  answer: Promise<A>
}

export interface TurnBatchOptions<T> {
  /** Items; a call that has as many takes no further one. */
  max: number
  /** The same of what they weigh together. */
  maxWeight?: number
  weightOf?: (item: T) => number
}

/**
 * Makes one call of what one turn of the event loop has: to a process and to Redis a command is dearer than what it says. In
 * order. Who calls something else that has to come after calls `flush` first.
 */
export class TurnBatch<T, A> {
  readonly #call: (items: T[]) => Promise<A>
  readonly #options: TurnBatchOptions<T>
  #batch: Batch<T, A> | undefined

  constructor(call: (items: T[]) => Promise<A>, options: TurnBatchOptions<T>) {
    this.#call = call
    this.#options = options
  }

  /** The answer of the call that the item is part of, the same promise for all that are. */
  add(item: T): Promise<A> {
    const { max, maxWeight = Number.POSITIVE_INFINITY, weightOf } = this.#options
    const batch = this.#batch ?? this.#begin()
    batch.items.push(item)
    if (weightOf) batch.weight += weightOf(item)
    if (batch.items.length >= max || batch.weight >= maxWeight) this.flush()
    return batch.answer
  }

  flush(): void {
    const batch = this.#batch
    this.#batch = undefined
    batch?.send()
  }

  #begin(): Batch<T, A> {
    const { promise: answer, resolve } = Promise.withResolvers<A>()
    const items: T[] = []
    const batch: Batch<T, A> = { items, weight: 0, send: () => resolve(this.#call(items)), answer }
    this.#batch = batch
    // After all that is resolved in this turn, and before the client sends what it has.
    process.nextTick(() => {
      if (this.#batch === batch) this.flush()
    })
    return batch
  }
}
