interface Batch<Q, A> {
  asked: Q[]
  send: () => void
  answers: Promise<A[]>
}

/**
 * Asks by one call what one turn of the event loop has to ask: to a process and to Redis a command is dearer than what it says.
 * In order. Who asks something else that has to come after calls `flush` first.
 */
export class TurnBatch<Q, A> {
  readonly #call: (asked: Q[]) => Promise<A[]>
  readonly #max: number
  #batch: Batch<Q, A> | undefined

  /** @param call answers each; @param max in one call */
  constructor(call: (asked: Q[]) => Promise<A[]>, max: number) {
    this.#call = call
    this.#max = max
  }

  /** Rejects when the call does. */
  async ask(one: Q): Promise<A> {
    const batch = this.#batch ?? this.#begin()
    const at = batch.asked.push(one) - 1
    if (batch.asked.length >= this.#max) this.flush()
    const answers = await batch.answers
    return answers[at] as A
  }

  flush(): void {
    const batch = this.#batch
    this.#batch = undefined
    batch?.send()
  }

  #begin(): Batch<Q, A> {
    const { promise: answers, resolve } = Promise.withResolvers<A[]>()
    const batch: Batch<Q, A> = { asked: [], send: () => resolve(this.#call(batch.asked)), answers }
    this.#batch = batch
    // After all that is resolved in this turn, and before the client sends what it has.
    process.nextTick(() => {
      if (this.#batch === batch) this.flush()
    })
    return batch
  }
}
