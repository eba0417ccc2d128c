import type { Redis } from 'ioredis'
import type { Metrics } from '../observability/metrics.ts'
import type { LeaseStore, PresenceState } from './lease-store.ts'

const usersPerCall = 200

/**
 * Takes those whose lease nobody renewed offline, as of their last renewal. Atomic for each shard, so that two
 * sweepers at once only cost time.
 */
export class LeaseSweeper {
  readonly #redis: Redis
  readonly #store: LeaseStore
  readonly #leaseMs: number
  readonly #onChange: (state: PresenceState) => void
  readonly #metrics: Metrics
  #connectionEpoch = 0
  #checkedEpoch = -1
  /** By the monotonic clock. */
  #notBefore = 0

  constructor(deps: {
    redis: Redis
    store: LeaseStore
    leaseMs: number
    onChange: (state: PresenceState) => void
    metrics: Metrics
  }) {
    this.#redis = deps.redis
    this.#store = deps.store
    this.#leaseMs = deps.leaseMs
    this.#onChange = deps.onChange
    this.#metrics = deps.metrics
    deps.redis.on('ready', () => {
      this.#connectionEpoch++
    })
  }

  async run(): Promise<void> {
    if (!(await this.#mayDeclareAnybodyGone())) return
    for (let shard = 0; shard < this.#store.keys.shards.length; shard++) {
      for (;;) {
        const gone = await this.#store.sweep(shard, usersPerCall)
        for (const state of gone) {
          this.#metrics.presenceChanges.inc({ to: 'offline' })
          this.#onChange(state)
        }
        if (gone.length < usersPerCall) break
      }
    }
  }

  /**
   * A Redis that was away has leases that nobody could renew: their nodes get one lease's time to do it.
   */
  async #mayDeclareAnybodyGone(): Promise<boolean> {
    if (this.#checkedEpoch !== this.#connectionEpoch) {
      const epoch = this.#connectionEpoch
      const uptime = /uptime_in_seconds:(\d+)/.exec(await this.#redis.info('server'))
      const upMs = Number(uptime?.[1] ?? 0) * 1000
      // A connection lost to a Redis that stayed up may have been lost to the gateways as well.
      const missing = epoch > 0 ? this.#leaseMs : this.#leaseMs - upMs
      this.#notBefore = performance.now() + Math.max(0, missing)
      this.#checkedEpoch = epoch
    }
    return performance.now() >= this.#notBefore
  }
}
