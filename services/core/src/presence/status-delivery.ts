import type { Logger } from '../observability/logger.ts'
import type { StatusNews } from './status-publisher.ts'

/** So many changes are told in one turn of the event loop: a socket is written to once a turn. */
const perTurn = 100
/** … or fewer, when they cost as much: a few hundredths of a second. */
const costPerTurn = 100_000
/** Changes, and ids that they are hidden from: some 15 MB. */
const maxWaiting = 50_000

/**
 * Tells the clients of this process of changes, in order, and lets the event loop turn between: when a node was killed, each of its
 * users is told to each client that hears of everybody.
 */
export class StatusDelivery {
  readonly #tell: (news: StatusNews) => number
  readonly #log: Logger
  #waiting: StatusNews[] = []
  /** In the unit of `maxWaiting`. */
  #weight = 0
  /** What this turn has told, and at what cost. */
  #told = 0
  #cost = 0
  #turn: NodeJS.Immediate | undefined

  /** @param deps.tell returns what it cost, in sockets that were told or looked for */
  constructor(deps: { tell: (news: StatusNews) => number; log: Logger }) {
    this.#tell = deps.tell
    this.#log = deps.log
  }

  /** Few are told before it returns. */
  add(news: StatusNews[]): void {
    for (const one of news) {
      this.#waiting.push(one)
      this.#weight += weightOf(one)
    }
    this.#work()
    if (this.#weight > maxWaiting) this.#tellFirst(() => this.#weight > maxWaiting)
  }

  /** Tells what waits of this user: whatever else clients are told of the user comes after. */
  hurry(userId: string): void {
    if (!this.#waiting.some(({ status }) => status.userId === userId)) return
    const all = this.#waiting
    this.#waiting = all.filter(({ status }) => status.userId !== userId)
    for (const one of all) if (one.status.userId === userId) this.#tellOne(one)
  }

  #work(): void {
    this.#tellFirst(() => this.#told < perTurn && this.#cost < costPerTurn)
    if (this.#told === 0) return
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined
      this.#told = 0
      this.#cost = 0
      this.#work()
    })
  }

  #tellFirst(goesOn: () => boolean): void {
    let count = 0
    for (const one of this.#waiting) {
      if (!goesOn()) break
      count++
      this.#tellOne(one)
    }
    this.#waiting.splice(0, count)
  }

  #tellOne(news: StatusNews): void {
    this.#told++
    this.#weight -= weightOf(news)
    try {
      this.#cost += this.#tell(news)
    } catch (err) {
      // From another version, or somebody at Redis' prompt.
      this.#log.warn({ err }, 'a change of presence makes no sense')
    }
  }
}

function weightOf({ hiddenFrom }: StatusNews): number {
  return 1 + (hiddenFrom?.length ?? 0)
}
