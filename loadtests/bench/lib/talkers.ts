import type { Toolbox } from '../../../infra/tools/toolbox.ts'
import { type Contestant, endContestants, gather, names, startContestants } from './contest.ts'
import { count } from './settings.ts'
import { warmUp } from './warm-up.ts'

/**
 * The programs with people who talk one to one, for rows that follow each other and need just these: started when the
 * first asks, and kept.
 */
export class Talkers {
  readonly #box: Toolbox
  #contestants: Contestant[] | undefined

  constructor(box: Toolbox) {
    this.#box = box
  }

  get people(): number {
    return count('PEOPLE', 1_000)
  }

  async all(): Promise<Contestant[]> {
    if (this.#contestants) return this.#contestants
    const programs = ['one-by-one', 'plain', 'earshot', 'relay'] as const
    this.#contestants = await startContestants(this.#box, programs, { PRESENCE_BROADCAST: 'false' })
    await gather(this.#box, this.#contestants, () => ({ userIds: names('person', this.people) }))
    await warmUp(this.#box, this.#contestants)
    return this.#contestants
  }

  async end(): Promise<void> {
    const contestants = this.#contestants ?? []
    this.#contestants = undefined
    await endContestants(contestants)
  }
}
