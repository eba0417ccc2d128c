import { CodedError } from '@earshot/protocol'
import { LRUCache } from 'lru-cache'

/**
 * Token bucket a user. Kept in this node's memory: a user whose sockets are on several nodes has as many buckets,
 * which the limit on sockets bounds.
 */
export class RateLimiter {
  readonly #perSecond: number
  readonly #burst: number
  readonly #now: () => number
  readonly #buckets = new LRUCache<string, { tokens: number; at: number }>({ max: 50_000 })

  /** @param now milliseconds, monotonic */
  constructor(perSecond: number, burst: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#now = now
  }

  /**
   * @param tokens what it costs; more than the burst costs the burst
   * @throws {CodedError} `RATE_LIMITED`, with the time until there are as many
   */
  take(userId: string, tokens = 1): void {
    const cost = Math.min(tokens, this.#burst)
    const now = this.#now()
    const bucket = this.#buckets.get(userId) ?? { tokens: this.#burst, at: now }
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.at) / 1000) * this.#perSecond)
    bucket.at = now
    this.#buckets.set(userId, bucket)
    if (bucket.tokens < cost) {
      const retryAfterMs = Math.ceil(((cost - bucket.tokens) / this.#perSecond) * 1000)
      throw new CodedError('RATE_LIMITED', 'You send too often.', { retryAfterMs })
    }
    bucket.tokens -= cost
  }
}
