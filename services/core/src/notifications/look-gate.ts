import type { Redis } from 'ioredis'

/**
 * Lets one job look at a large group within an interval: what is said there meanwhile is looked at in one go.
 *
 * Key: `<prefix>:looked:{<conversationId>}`, the `seq` looked at last and by which job. It ends with the interval.
 */
export class LookGate {
  readonly #redis: Redis
  readonly #prefix: string
  readonly #intervalMs: number

  constructor(redis: Redis, options: { prefix: string; intervalMs: number }) {
    this.#redis = redis
    this.#prefix = options.prefix
    this.#intervalMs = options.intervalMs
  }

  /**
   * `look`: go on; `done`: somebody has looked at this message or a later one; a number: milliseconds until it is open.
   * @param by of the job: one that is run again gets through
   */
  async enter(conversationId: string, seq: number, by: string): Promise<'look' | 'done' | number> {
    const key = `${this.#prefix}:looked:{${conversationId}}`
    const own = `${seq} ${by}`
    if ((await this.#redis.set(key, own, 'PX', this.#intervalMs, 'NX')) === 'OK') return 'look'
    const before = await this.#redis.get(key)
    if (before === own) return 'look'
    if (before !== null && Number.parseInt(before, 10) >= seq) return 'done'
    return Math.max(await this.#redis.pttl(key), 1)
  }
}
