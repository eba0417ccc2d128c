import type { Logger } from './observability/logger.ts'

/** Work that is repeated: one run at a time, the next one `everyMs` after the last ended. */
export class Interval {
  readonly #everyMs: number
  readonly #work: () => Promise<void>
  readonly #log: Logger
  readonly #name: string
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #stopped = true
  #failing = false

  constructor(options: { name: string; everyMs: number; work: () => Promise<void>; log: Logger }) {
    this.#name = options.name
    this.#everyMs = options.everyMs
    this.#work = options.work
    this.#log = options.log
  }

  start(): void {
    this.#stopped = false
    this.#schedule()
  }

  /** Resolves when the run under way, if any, has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  #schedule(): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#running = this.#run()
    }, this.#everyMs)
  }

  async #run(): Promise<void> {
    try {
      await this.#work()
      if (this.#failing) this.#log.info({ task: this.#name }, 'works again')
      this.#failing = false
    } catch (err) {
      // Said once for each outage, not at every run of it.
      if (!this.#failing) this.#log.warn({ err, task: this.#name }, 'failed, trying again')
      this.#failing = true
    }
    this.#schedule()
  }
}
