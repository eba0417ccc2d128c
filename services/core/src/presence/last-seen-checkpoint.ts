import type { Metrics } from '../observability/metrics.ts'
import type { LastSeenStore } from './last-seen-store.ts'
import type { ShardUpkeep } from './shard-upkeep.ts'
import type { Sighting } from './states.ts'

const usersPerWrite = 500
/** Of the interval: so a shard is free again when its turn comes, and soon when the worker that claimed it died. */
const claimShare = 0.75
/** Of the interval: by so much less than is known is written, so that those who were seen at about one time share a write. */
const coarseShare = 1 / 12

/**
 * Writes `lastSeen` of those who stay online to MongoDB, every user once in an interval: so that MongoDB alone, should
 * Redis be lost, says about when they were here. One shard at a time, spread over the interval; of several workers one
 * does it.
 */
export class LastSeenCheckpoint {
  readonly #upkeep: ShardUpkeep
  readonly #lastSeen: Pick<LastSeenStore, 'saw'>
  readonly #intervalMs: number
  readonly #metrics: Metrics
  #nextShard = 0
  /** When the next shard is due, by the monotonic clock. */
  #dueAt = performance.now()

  constructor(deps: {
    upkeep: ShardUpkeep
    lastSeen: Pick<LastSeenStore, 'saw'>
    /** In which every user's turn comes once. */
    intervalMs: number
    metrics: Metrics
  }) {
    this.#upkeep = deps.upkeep
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
      const page = await this.#upkeep.signsOfLife(shard, cursor, usersPerWrite)
      await this.#lastSeen.saw(page.found.map((sighting) => this.#coarse(sighting)))
      this.#metrics.lastSeenCheckpointed.inc(page.found.length)
      cursor = page.cursor
    } while (cursor !== '0')
  }

  /** Never more than is known. */
  #coarse({ userId, lastSeen }: Sighting): Sighting {
    const stepMs = Math.max(1, Math.floor(this.#intervalMs * coarseShare))
    return { userId, lastSeen: Math.floor(lastSeen / stepMs) * stepMs }
  }
}
