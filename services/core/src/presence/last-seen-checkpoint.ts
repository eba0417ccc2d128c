import type { Metrics } from '../observability/metrics.ts'
import type { LastSeenStore } from './last-seen-store.ts'
import type { LeaseStore } from './lease-store.ts'
import type { ShardUpkeep } from './shard-upkeep.ts'

const usersPerWrite = 500
/** Of the interval: so a shard is free again when its turn comes, and soon when the worker that claimed it died. */
const claimShare = 0.75

/**
 * Writes `lastSeen` of those who stay online to MongoDB, every user once in an interval: so that MongoDB alone, should
 * Redis be lost, says about when they were here. One shard at a time, spread over the interval; of several workers one
 * does it.
 */
export class LastSeenCheckpoint {
  readonly #upkeep: ShardUpkeep
  readonly #leases: LeaseStore
  readonly #lastSeen: LastSeenStore
  readonly #intervalMs: number
  readonly #metrics: Metrics
  #nextShard = 0
  /** When the next shard is due, by the monotonic clock. */
  #dueAt = performance.now()

  constructor(deps: {
    upkeep: ShardUpkeep
    leases: LeaseStore
    lastSeen: LastSeenStore
    /** In which every user's turn comes once. */
    intervalMs: number
    metrics: Metrics
  }) {
    this.#upkeep = deps.upkeep
    this.#leases = deps.leases
    this.#lastSeen = deps.lastSeen
    this.#intervalMs = deps.intervalMs
    this.#metrics = deps.metrics
  }

  /** Milliseconds until the next shard's turn. */
  restMs(): number {
    return Math.max(0, this.#dueAt - performance.now())
  }

  /** Does the shard whose turn it is; when that fails it is its turn again. */
  async run(): Promise<void> {
    const shards = this.#upkeep.keys.shards.length
    const stepMs = this.#intervalMs / shards
    // After a stall it goes on from now, instead of making up for what nobody missed.
    this.#dueAt = Math.max(this.#dueAt, performance.now() - stepMs) + stepMs
    const shard = this.#nextShard
    if (await this.#upkeep.claimCheckpoint(shard, Math.ceil(this.#intervalMs * claimShare))) {
      try {
        await this.#write(shard)
      } catch (err) {
        await this.#upkeep.unclaimCheckpoint(shard)
        throw err
      }
    }
    this.#nextShard = (shard + 1) % shards
  }

  async #write(shard: number): Promise<void> {
    let cursor = '0'
    do {
      const page = await this.#upkeep.online(shard, cursor, usersPerWrite)
      const states = await this.#leases.read(page.found)
      const online = states.filter(({ isOnline }) => isOnline)
      await this.#lastSeen.saw(online)
      this.#metrics.lastSeenCheckpointed.inc(online.length)
      cursor = page.cursor
    } while (cursor !== '0')
  }
}
