import { LRUCache } from 'lru-cache'

/**
 * When this node last learned that something changed, so that a reader can tell whether what it read may be from before.
 * Not time but a count. Bounded: what is forgotten counts as changed, which costs a second read and no more.
 */
export class ChangeClock {
  readonly #changedAt: LRUCache<string, number>
  #now = 0
  /** Of everything that is not in `#changedAt`, the latest change. */
  #restChangedAt = 0

  constructor({ max = 50_000 }: { max?: number } = {}) {
    this.#changedAt = new LRUCache({
      max,
      dispose: (at, _key, reason) => {
        if (reason === 'evict') this.#restChangedAt = Math.max(this.#restChangedAt, at)
      },
    })
  }

  /** To be taken before reading. */
  get now(): number {
    return this.#now
  }

  note(key: string): void {
    this.#changedAt.set(key, ++this.#now)
  }

  /** Anything may have changed. */
  noteAll(): void {
    this.#restChangedAt = ++this.#now
    this.#changedAt.clear()
  }

  /** Whether what was read since `mark` may be from before a change. */
  changedSince(mark: number, key: string): boolean {
    return Math.max(this.#changedAt.peek(key) ?? 0, this.#restChangedAt) > mark
  }
}
