import type { Logger } from './observability/logger.ts'
import { Outage } from './observability/outage.ts'

/** Work that is repeated: one run at a time, the next one `everyMs` after the last ended. */
export class Interval {
  readonly #everyMs: number | (() => number)
  readonly #work: (signal: AbortSignal) => Promise<void>
  readonly #outage: Outage
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #stopping = AbortSignal.abort()
  #stop: () => void = () => undefined

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
    const controller = new AbortController()
    this.#stopping = controller.signal
    this.#stop = () => controller.abort()
    this.#schedule()
  }

  /** Resolves when the run under way, if any, has ended. */
  async stop(): Promise<void> {
    this.#stop()
    clearTimeout(this.#timer)
    await this.#running
  }

  #schedule(): void {
    if (this.#stopping.aborted) return
    this.#timer = setTimeout(
      () => {
        this.#running = this.#run()
      },
      typeof this.#everyMs === 'number' ? this.#everyMs : this.#everyMs(),
    )
  }

  async #run(): Promise<void> {
    try {
      await this.#work(this.#stopping)
      this.#outage.worked()
    } catch (err) {
      this.#outage.failed(err)
    }
    this.#schedule()
  }
}
