import { EventEmitter, once } from 'node:events'
import type { Reporter } from '../report/reporter.ts'

/** A reporter that lets a test wait for what is said. */
export class Sayings {
  readonly all: string[] = []
  readonly #said = new EventEmitter()

  readonly reporter: Reporter = {
    say: (text) => {
      this.all.push(text)
      this.#said.emit('said', text)
    },
    step: (_what, work) => work(),
    log: () => undefined,
  }

  /** The next saying like this one, from now on. */
  async next(pattern: RegExp): Promise<string> {
    for (;;) {
      const [text] = await once(this.#said, 'said', { signal: AbortSignal.timeout(20_000) })
      if (pattern.test(text)) return text
    }
  }
}
