import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { Outage } from '../observability/outage.ts'
import type { Lease, LeaseStore, PresenceState } from './lease-store.ts'

export interface LeaseHolderOptions {
  renewMs: number
  graceMs: number
  /** Most leases in one script call, so that none blocks Redis for long. */
  renewBatch?: number
}

interface Held extends Lease {
  /** Last sign of life, by the monotonic clock: a wall clock may jump. */
  aliveAt: number
}

/** Takes, renews and gives back the leases of the sockets that this node holds. */
export class LeaseHolder {
  readonly #store: LeaseStore
  readonly #options: Required<LeaseHolderOptions>
  readonly #onChange: (state: PresenceState) => void
  readonly #renewing: Outage
  readonly #metrics: Metrics
  readonly #held = new Map<string, Held>()
  readonly #byShard: Map<string, Held>[]
  #timer: NodeJS.Timeout | undefined
  #nextShard = 0

  constructor(deps: {
    store: LeaseStore
    options: LeaseHolderOptions
    /** Called with each state that this node changed. */
    onChange: (state: PresenceState) => void
    log: Logger
    metrics: Metrics
  }) {
    this.#store = deps.store
    this.#options = { renewBatch: 500, ...deps.options }
    this.#onChange = deps.onChange
    this.#renewing = new Outage(deps.log, 'renewing leases')
    this.#metrics = deps.metrics
    this.#byShard = deps.store.keys.shards.map(() => new Map())
  }

  /** One shard a tick, so that renewals are spread over the interval. */
  start(): void {
    const tickMs = this.#options.renewMs / this.#byShard.length
    let due = performance.now()
    const tick = () => {
      due += tickMs
      void this.renewShard(this.#nextShard)
      this.#nextShard = (this.#nextShard + 1) % this.#byShard.length
      // Catch up after a stall with a few ticks at once, not one by one for ever.
      due = Math.max(due, performance.now() - this.#options.renewMs)
      this.#timer = setTimeout(tick, Math.max(0, due - performance.now()))
    }
    this.#timer = setTimeout(tick, tickMs)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Resolves when the user is online by this connection; `full` when they hold too many. */
  async take(lease: Lease): Promise<'taken' | 'full'> {
    const held: Held = { ...lease, aliveAt: performance.now() }
    // Held from now on: should Redis be away, the next renewal takes the lease.
    this.#held.set(lease.connectionId, held)
    this.#shardOf(lease).set(lease.connectionId, held)
    const state = await this.#store.acquire(lease)
    if (state === 'full') {
      this.#drop(held)
      return 'full'
    }
    this.#announce(state)
    return 'taken'
  }

  /** The connection gave a sign of life. */
  alive(connectionId: string): void {
    const held = this.#held.get(connectionId)
    if (held) held.aliveAt = performance.now()
  }

  /** Ends a lease: at once after a clean leave, after the grace period when the connection was lost. */
  async giveBack(connectionId: string, how: 'clean' | 'lost'): Promise<void> {
    const held = this.#held.get(connectionId)
    if (!held) return
    this.#drop(held)
    const silentMs = how === 'clean' ? 0 : performance.now() - held.aliveAt
    this.#announce(await this.#store.release(held, silentMs, how === 'clean' ? 0 : this.#options.graceMs))
  }

  /** Renews all this node holds now, e.g. after Redis came back. */
  async renewAll(): Promise<void> {
    await Promise.all(this.#byShard.map((_, shard) => this.renewShard(shard)))
  }

  async renewShard(shard: number): Promise<void> {
    const leases = [...(this.#byShard[shard]?.values() ?? [])]
    try {
      for (let i = 0; i < leases.length; i += this.#options.renewBatch) {
        const lost = await this.#store.renew(shard, leases.slice(i, i + this.#options.renewBatch))
        await this.#takeAgain(lost)
      }
      if (leases.length > 0) this.#renewing.worked()
    } catch (err) {
      this.#renewing.failed(err)
    }
  }

  /** Redis lost them (restart, flush), or this node was away for longer than a lease. */
  async #takeAgain(lost: Lease[]): Promise<void> {
    for (const lease of lost) {
      if (!this.#held.has(lease.connectionId)) continue
      this.#metrics.leasesLost.inc()
      const state = await this.#store.acquire(lease)
      // It may have been given back while the call was under way: then so is the new lease.
      if (!this.#held.has(lease.connectionId)) {
        this.#announce(await this.#store.release(lease, 0, this.#options.graceMs))
      } else if (state !== 'full') {
        this.#announce(state)
      }
    }
  }

  #drop(held: Held): void {
    this.#held.delete(held.connectionId)
    this.#shardOf(held).delete(held.connectionId)
  }

  #shardOf(lease: Lease): Map<string, Held> {
    const shard = this.#byShard[this.#store.keys.shardOf(lease.userId)]
    if (!shard) throw new RangeError('a user outside every shard')
    return shard
  }

  #announce(state: PresenceState | undefined): void {
    if (!state) return
    this.#metrics.presenceChanges.inc({ to: state.isOnline ? 'online' : 'offline' })
    this.#onChange(state)
  }
}
