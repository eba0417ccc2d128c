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

  /** @throws {CodedError} `RATE_LIMITED`, with the time until the next token */
  take(userId: string): void {
    const now = this.#now()
    const bucket = this.#buckets.get(userId) ?? { tokens: this.#burst, at: now }
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.at) / 1000) * this.#perSecond)
    bucket.at = now
    this.#buckets.set(userId, bucket)
    if (bucket.tokens < 1) {
      const retryAfterMs = Math.ceil(((1 - bucket.tokens) / this.#perSecond) * 1000)
      throw new CodedError('RATE_LIMITED', 'You send too often.', { retryAfterMs })
    }
    bucket.tokens -= 1
  }
}
