/** Bounds what is under way by its size: who finds no room waits, in the order of coming. */
export class Room {
  readonly #size: number
  readonly #waiting: { size: number; enter: () => void }[] = []
  #taken = 0

  constructor(size: number) {
    this.#size = size
  }

  /** Resolves with what gives the room back. What is larger than all of it goes alone. */
  async enter(size: number): Promise<() => void> {
    if (this.#waiting.length > 0 || !this.#fits(size)) {
      await new Promise<void>((enter) => this.#waiting.push({ size, enter }))
    } else this.#taken += size
    return () => this.#leave(size)
  }

  #leave(size: number): void {
    this.#taken -= size
    for (let next = this.#waiting[0]; next && this.#fits(next.size); next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#taken += next.size
      next.enter()
    }
  }

  #fits(size: number): boolean {
    return this.#taken === 0 || this.#taken + size <= this.#size
  }
}
