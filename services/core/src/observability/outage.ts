import type { Logger } from './logger.ts'

/** Says once that something fails, and once that it works again: an outage under load must not flood the log. */
export class Outage {
  readonly #log: Logger
  readonly #what: string
  #failures = 0

  /** @param what as in "renewing leases" */
  constructor(log: Logger, what: string) {
    this.#log = log
    this.#what = what
  }

  failed(err: unknown): void {
    this.#failures++
    if (this.#failures === 1) this.#log.warn({ err }, `${this.#what} fails`)
  }

  worked(): void {
    if (this.#failures === 0) return
    this.#log.info({ failures: this.#failures }, `${this.#what} works again`)
    this.#failures = 0
  }
}
