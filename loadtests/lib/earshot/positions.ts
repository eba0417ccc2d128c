/**
 * Up to where a device has each conversation without a hole: what it asks `sync` from after it was away. Pure.
 */
export class Positions {
  readonly #upTo = new Map<string, number>()
  /** Numbers above a hole, by conversation. */
  readonly #above = new Map<string, Set<number>>()

  get size(): number {
    return this.#upTo.size
  }

  /** All conversations with the last `seq` before the first hole. */
  all(): Record<string, number> {
    return Object.fromEntries(this.#upTo)
  }

  /** A conversation that is to be asked for though nothing of it was heard yet. */
  follow(conversationId: string): void {
    if (!this.#upTo.has(conversationId)) this.#upTo.set(conversationId, 0)
  }

  has(conversationId: string, seq: number): void {
    this.follow(conversationId)
    const above = this.#above.get(conversationId) ?? new Set()
    above.add(seq)
    let upTo = this.#upTo.get(conversationId) ?? 0
    while (above.delete(upTo + 1)) upTo++
    this.#upTo.set(conversationId, upTo)
    if (above.size > 0) this.#above.set(conversationId, above)
    else this.#above.delete(conversationId)
  }

  /** What the server says: there is nothing more up to here, holes included. */
  caughtUp(conversationId: string, seq: number): void {
    this.follow(conversationId)
    if (seq <= (this.#upTo.get(conversationId) ?? 0)) return
    this.#upTo.set(conversationId, seq)
    const above = [...(this.#above.get(conversationId) ?? [])].filter((one) => one > seq)
    this.#above.delete(conversationId)
    for (const one of above) this.has(conversationId, one)
  }
}
