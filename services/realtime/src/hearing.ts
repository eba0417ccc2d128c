import type { Logger } from '@earshot/core/observability/logger'
import type { Redis } from 'ioredis'
import type { Subscriptions } from './subscriptions.ts'

const askEveryMs = 250
/** After so long without an answer the others may have said something that is not here. */
const doubtAfterMs = 1_000
/** After so many the connection counts as lost, though nobody has said so. Not a time: a busy node comes late itself. */
const lostAfterAsked = 20

/**
 * Whether this node hears what others publish. Between the loss of its subscription and the moment that all is
 * subscribed again it is deaf, and pub/sub forgets. A connection that just hangs is found out by asking: the answer
 * comes behind all that was published before.
 */
export class Hearing {
  readonly #subscriber: Redis
  readonly #subscriptions: Subscriptions
  readonly #log: Logger
  #isDeaf = false
  /** What was published before this, by the monotonic clock, was heard; since then maybe not. */
  #deafSince = 0
  #losses = 0
  /** By the monotonic clock: what was published before has been heard. */
  #heardUntil = performance.now()
  #isAsking = false
  #unanswered = 0
  #timer: NodeJS.Timeout | undefined

  constructor(deps: { subscriber: Redis; subscriptions: Subscriptions; log: Logger }) {
    this.#subscriber = deps.subscriber
    this.#subscriptions = deps.subscriptions
    this.#log = deps.log
  }

  /** Grows with each loss of the subscription. */
  get losses(): number {
    return this.#losses
  }

  /** Whether the subscription is lost and not yet made anew. */
  get isDeaf(): boolean {
    return this.#isDeaf
  }

  /** Whether what was published more than a second ago is known here. */
  get isCurrent(): boolean {
    return !this.#isDeaf && performance.now() - this.#heardUntil < doubtAfterMs
  }

  /**
   * @param on.lost at once
   * @param on.back when everything is subscribed again; what was published before `deafSince`, by the monotonic clock,
   *   was heard
   */
  start(on: { lost: () => void; back: (deafSince: number) => void }): void {
    const lose = () => {
      this.#losses++
      if (this.#isDeaf) return
      this.#isDeaf = true
      this.#deafSince = this.#heardUntil
      on.lost()
    }
    const recover = async () => {
      const losses = this.#losses
      await this.#subscriptions.settled()
      if (losses !== this.#losses) return
      this.#isDeaf = false
      this.#heardUntil = performance.now()
      this.#unanswered = 0
      on.back(this.#deafSince)
    }
    this.#subscriber.on('close', lose)
    this.#subscriber.on('ready', () => void recover())
    this.#timer = setInterval(() => {
      if (this.#isDeaf) return
      void this.#ask()
      if (++this.#unanswered <= lostAfterAsked) return
      this.#log.warn('the subscription hangs, it is made anew')
      lose()
      this.#subscriber.disconnect(true)
    }, askEveryMs)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    const askedAt = performance.now()
    const losses = this.#losses
    try {
      await this.#subscriber.ping()
      if (losses !== this.#losses) return
      this.#heardUntil = askedAt
      this.#unanswered = 0
    } catch {
      // That it is lost, the connection itself says.
    } finally {
      this.#isAsking = false
    }
  }
}
