import { randomUUID } from 'node:crypto'
import type { Logger } from '@earshot/core/observability/logger'
import type { VisibilityAnnouncer, VisibilityChange } from '@earshot/core/visibility/visibility-change'
import { ProcessChannel, type ProcessChannelDeps } from './process-channel.ts'

/** Who has not answered by then stands still: it hears of the change before it goes on. */
const answerMs = 1_000

interface Announcement {
  change: VisibilityChange
  /** The process that wants to know when it was followed. */
  from: string
  id: string
}

/**
 * Tells all processes of changes of who sees whom, and waits until they have followed. Channels: `<prefix>:visibility`,
 * and for the answers `<prefix>:visibility:<process>`.
 */
export class VisibilityChannel implements VisibilityAnnouncer {
  readonly #self = randomUUID()
  readonly #prefix: string
  readonly #deps: ProcessChannelDeps
  readonly #announcements: ProcessChannel<Announcement>
  readonly #log: Logger
  /** Announcements under way: what is to be called at each answer. */
  readonly #answered = new Map<string, () => void>()
  #follow: (change: VisibilityChange) => void = () => undefined

  constructor(deps: ProcessChannelDeps & { prefix: string }) {
    this.#deps = deps
    this.#prefix = deps.prefix
    this.#log = deps.log
    this.#announcements = new ProcessChannel(deps, `${deps.prefix}:visibility`)
  }

  /**
   * Resolves when all that is announced from then on is heard.
   * @param follow for changes of this process too. When it returns, nobody hears any more who may not
   */
  async listen(follow: (change: VisibilityChange) => void): Promise<void> {
    this.#follow = follow
    await this.#answersTo(this.#self).listen(({ id }) => this.#answered.get(id)?.())
    await this.#announcements.listen(({ change, from, id }) => {
      if (from !== this.#self) follow(change)
      this.#answersTo(from)
        .send({ id })
        .catch((err: unknown) => this.#log.debug({ err }, 'a change of visibility was followed, unanswered'))
    })
  }

  /** @throws {CodedError} `RETRY_LATER` when Redis did not take it */
  async announce(change: VisibilityChange): Promise<void> {
    this.#follow(change)
    const id = randomUUID()
    let answers = 0
    let expected = Number.POSITIVE_INFINITY
    const { promise: done, resolve } = Promise.withResolvers<boolean>()
    this.#answered.set(id, () => {
      answers++
      if (answers >= expected) resolve(true)
    })
    const timer = setTimeout(() => resolve(false), answerMs)
    try {
      expected = await this.#announcements.send({ change, from: this.#self, id })
      if (answers >= expected) resolve(true)
      if (!(await done)) this.#log.warn({ answers, expected }, 'not every process followed a change in time')
    } finally {
      clearTimeout(timer)
      this.#answered.delete(id)
    }
  }

  #answersTo(process: string): ProcessChannel<{ id: string }> {
    return new ProcessChannel(this.#deps, `${this.#prefix}:visibility:${process}`)
  }
}
