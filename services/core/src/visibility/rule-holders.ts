/** More are not kept: then each user is looked up. */
const mostHolders = 100_000

/**
 * Who ever changed to whom they show themselves. Few do, so it pays to know all of them: nobody else has to be looked up, neither
 * who comes nor who is watched.
 */
export class RuleHolders {
  readonly #read: (most: number) => Promise<string[]>
  #holders = new Set<string>()
  #areAllKnown = false
  /** Grows when changes may have been missed. */
  #lapses = 0

  /** @param read their ids, so many at most */
  constructor(read: (most: number) => Promise<string[]>) {
    this.#read = read
  }

  /** To be called when all that changes from then on is heard: `note` is called for it. Rejects with MongoDB away. */
  async load(): Promise<void> {
    const lapses = this.#lapses
    const found = await this.#read(mostHolders + 1)
    if (lapses !== this.#lapses || found.length > mostHolders) return
    this.#holders = this.#holders.union(new Set(found))
    this.#areAllKnown = this.#holders.size <= mostHolders
  }

  /** This one did. */
  note(userId: string): void {
    if (this.#holders.size > mostHolders) this.#areAllKnown = false
    else this.#holders.add(userId)
  }

  /** Changes may have been missed: until all are loaded again, anybody may have made one. */
  forget(): void {
    this.#lapses++
    this.#areAllKnown = false
    this.#holders = new Set()
  }

  mayBe(userId: string): boolean {
    return !this.#areAllKnown || this.#holders.has(userId)
  }
}
