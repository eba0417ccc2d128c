import type { Logger } from './observability/logger.ts'
import { Outage } from './observability/outage.ts'

/** Work that is repeated: one run at a time, the next one `everyMs` after the last ended. */
export class Interval {
  readonly #everyMs: number | (() => number)
  readonly #work: (signal: AbortSignal) => Promise<void>
  readonly #outage: Outage
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #stopping = new AbortController()

  constructor(options: {
    name: string
    everyMs: number | (() => number)
    /** @param signal aborted when the interval is stopped, which waits for this run */
    work: (signal: AbortSignal) => Promise<void>
    log: Logger
  }) {
    this.#everyMs = options.everyMs
    this.#work = options.work
    this.#outage = new Outage(options.log, options.name)
  }

  start(): void {
    this.#stopping = new AbortController()
    this.#schedule()
  }

  /** Resolves when the run under way, if any, has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    clearTimeout(this.#timer)
    await this.#running
  }

  #schedule(): void {
    if (this.#stopping.signal.aborted) return
    this.#timer = setTimeout(
      () => {
        this.#running = this.#run()
      },
      typeof this.#everyMs === 'number' ? this.#everyMs : this.#everyMs(),
    )
  }

  async #run(): Promise<void> {
    try {
      await this.#work(this.#stopping.signal)
      this.#outage.worked()
    } catch (err) {
      this.#outage.failed(err)
    }
    this.#schedule()
  }
}
