import type { UserStatus } from '@earshot/protocol'
import type { Fanout } from '../fanout.ts'
import type { Logger } from '../observability/logger.ts'
import { Outage } from '../observability/outage.ts'
import type { Visibility } from '../visibility/visibility.ts'
import type { PresenceState } from './states.ts'
import { toStatus } from './to-status.ts'

const retryMs = 1_000
/** One message has no more of them: who hears it tells of all in one turn of the event loop, or nearly. */
const maxStatuses = 100
/** … and not many more characters. */
const maxChars = 100_000
/** As text, without whom it is hidden from. */
const statusChars = 150
/** A change that is hidden from more does not say from whom: each process would get all of them with each change. */
const maxHiddenFrom = 1_000

/** A change, as processes tell each other. */
export interface StatusNews {
  status: UserStatus
  /** Clients that hear of everybody are told, too, but those of these users. Absent: they are told otherwise, or not at all. */
  hiddenFrom?: string[]
}

/**
 * Lets every process know of changes: so that none goes on giving out what it remembers, and each tells those of its sockets
 * that watch these users. They were let in as those who may.
 */
export interface StatusAnnouncer {
  /** In order, each in one message. */
  announce(news: StatusNews[]): void
}

/**
 * Tells those clients of a change who may see it. Who watches was let in as one who may; who hears of everybody is told by
 * the rules of the user.
 */
export class StatusPublisher {
  readonly #visibility: Visibility
  readonly #fanout: Fanout
  readonly #statuses: StatusAnnouncer
  readonly #broadcasts: boolean
  readonly #looking: Outage
  /** Of users whose rules could not be had, what those are not told yet who hear of everybody. */
  readonly #untold = new Map<string, UserStatus>()
  #retry: NodeJS.Timeout | undefined

  constructor(deps: {
    visibility: Visibility
    fanout: Fanout
    statuses: StatusAnnouncer
    /** Whether there are clients that hear of everybody: mostly they are told by what every process hears anyway. */
    broadcasts: boolean
    log: Logger
  }) {
    this.#visibility = deps.visibility
    this.#fanout = deps.fanout
    this.#statuses = deps.statuses
    this.#broadcasts = deps.broadcasts
    this.#looking = new Outage(deps.log, 'looking up who may see whom')
  }

  /** Never rejects: who cannot be told now is told when MongoDB is back. */
  async publish(states: PresenceState[]): Promise<void> {
    const news = states.map((state) => this.#newsOf(toStatus(state)))
    // First, so that it is known wherever the events are heard.
    for (const some of slicesOf(news)) this.#statuses.announce(some)
    if (!this.#broadcasts) return
    const left = news.filter(({ hiddenFrom }) => !hiddenFrom).map(({ status }) => status)
    if (left.length > 0) await this.#broadcast(left)
  }

  /** Of nearly all users it is known who sees them: everyone. */
  #newsOf(status: UserStatus): StatusNews {
    const hiddenFrom = this.#broadcasts ? this.#visibility.hiddenFromNow(status.userId) : undefined
    return hiddenFrom && hiddenFrom.size <= maxHiddenFrom
      ? { status, hiddenFrom: [...hiddenFrom] }
      : { status }
  }

  close(): void {
    clearTimeout(this.#retry)
  }

  async #broadcast(statuses: UserStatus[]): Promise<void> {
    try {
      await this.#visibility.rulesOfEach(statuses.map(({ userId }) => userId))
      for (const status of statuses) {
        this.#fanout.presenceTo(status, await this.#visibility.audience(status.userId))
      }
      this.#looking.worked()
    } catch (err) {
      this.#looking.failed(err)
      for (const status of statuses) this.#keep(status)
      this.#retry ??= setTimeout(() => this.#again(), retryMs)
    }
  }

  #keep(status: UserStatus): void {
    const before = this.#untold.get(status.userId)
    if (!before || before.version < status.version) this.#untold.set(status.userId, status)
  }

  #again(): void {
    this.#retry = undefined
    const statuses = [...this.#untold.values()]
    this.#untold.clear()
    void this.#broadcast(statuses)
  }
}

/** In order, as many in each as a message may have. */
function slicesOf(news: StatusNews[]): StatusNews[][] {
  const slices: StatusNews[][] = []
  let slice: StatusNews[] = []
  let chars = 0
  for (const one of news) {
    if (slice.length === 0) slices.push(slice)
    slice.push(one)
    chars += charsOf(one)
    if (slice.length < maxStatuses && chars < maxChars) continue
    slice = []
    chars = 0
  }
  return slices
}

function charsOf({ hiddenFrom = [] }: StatusNews): number {
  return hiddenFrom.reduce((chars, userId) => chars + userId.length + '"",'.length, statusChars)
}
