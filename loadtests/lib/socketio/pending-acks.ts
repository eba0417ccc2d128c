import { AckTimeoutError } from './errors.ts'

/** An acknowledgement and the moment it arrived, in milliseconds since 1970. */
export interface Answered<T> {
  answer: T
  at: number
}

interface Pending {
  /** Milliseconds since 1970. */
  deadline: number
  name: string
  resolve: (answered: Answered<unknown>) => void
  reject: (error: Error) => void
}

/** What this needs of its surroundings; k6's timers, or a test's. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls once, after milliseconds, unless what it returns is called before. */
  after(ms: number, call: () => void): () => void
}

/**
 * Events that wait for their acknowledgement. One timer for all of them: ten thousand in flight are not ten thousand
 * timers.
 */
export class PendingAcks {
  readonly #pending = new Map<number, Pending>()
  readonly #clock: Clock
  #lastId = 0
  /** Cancels the timer; k6 ends no iteration while one runs. */
  #disarm: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#pending.size
  }

  /** Gives the id to send, and a promise that rejects with `AckTimeoutError` when nothing comes. */
  add(name: string, timeoutMs: number): { id: number; answered: Promise<Answered<unknown>> } {
    const id = this.#lastId++
    const answered = new Promise<Answered<unknown>>((resolve, reject) => {
      this.#pending.set(id, { deadline: this.#clock.now() + timeoutMs, name, resolve, reject })
    })
    this.#arm()
    return { id, answered }
  }

  /** Returns false for an acknowledgement that nobody waits for (any more). */
  settle(id: number, answer: unknown, at: number): boolean {
    const pending = this.#pending.get(id)
    if (!pending) return false
    this.#pending.delete(id)
    pending.resolve({ answer, at })
    if (this.#pending.size === 0) this.#stop()
    return true
  }

  failAll(error: Error): void {
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    this.#stop()
    for (const { reject } of pending) reject(error)
  }

  #stop(): void {
    this.#disarm?.()
    this.#disarm = undefined
  }

  #arm(): void {
    if (this.#disarm || this.#pending.size === 0) return
    let next = Number.POSITIVE_INFINITY
    for (const { deadline } of this.#pending.values()) next = Math.min(next, deadline)
    this.#disarm = this.#clock.after(Math.max(1, next - this.#clock.now()), () => {
      this.#disarm = undefined
      this.#expire()
      this.#arm()
    })
  }

  #expire(): void {
    const now = this.#clock.now()
    for (const [id, { deadline, name, reject }] of [...this.#pending]) {
      if (deadline > now) continue
      this.#pending.delete(id)
      reject(new AckTimeoutError(`no acknowledgement of "${name}" in time`))
    }
  }
}
