import { randomUUID } from 'node:crypto'
import type { Fanout } from '../fanout.ts'
import type { Headcounts } from './headcounts.ts'

/** For the worker: counts the groups that somebody watches, and tells of counts that changed. Of several, one does it. */
export class HeadCounter {
  readonly #self = randomUUID()
  readonly #headcounts: Headcounts
  readonly #fanout: Fanout
  readonly #everyMs: number

  constructor(deps: { headcounts: Headcounts; fanout: Fanout; everyMs: number }) {
    this.#headcounts = deps.headcounts
    this.#fanout = deps.fanout
    this.#everyMs = deps.everyMs
  }

  async run(): Promise<void> {
    if (!(await this.#headcounts.claim(this.#self, 2 * this.#everyMs + 1_000))) return
    // One after the other: this must not crowd out what people wait for.
    for (const groupId of await this.#headcounts.watched()) {
      const { presence, isNews } = await this.#headcounts.count(groupId)
      if (isNews) this.#fanout.headcount(presence)
    }
  }
}
