import type { Metrics } from '../observability/metrics.ts'
import type { LastSeenStore } from './last-seen-store.ts'
import type { ShardUpkeep } from './shard-upkeep.ts'

const statesPerWrite = 500

/** Carries changed states from Redis to MongoDB. It drops from Redis just what it wrote, so it may die anywhere. */
export class LastSeenFlusher {
  readonly #upkeep: ShardUpkeep
  readonly #lastSeen: Pick<LastSeenStore, 'write'>
  readonly #metrics: Metrics

  constructor(deps: { upkeep: ShardUpkeep; lastSeen: Pick<LastSeenStore, 'write'>; metrics: Metrics }) {
    this.#upkeep = deps.upkeep
    this.#lastSeen = deps.lastSeen
    this.#metrics = deps.metrics
  }

  async run(): Promise<void> {
    // One after the other: this must not crowd out what people wait for.
    for (let shard = 0; shard < this.#upkeep.keys.shards.length; shard++) await this.#flushShard(shard)
  }

  async #flushShard(shard: number): Promise<void> {
    let cursor = '0'
    do {
      const page = await this.#upkeep.dirty(shard, cursor, statesPerWrite)
      await this.#lastSeen.write(page.states)
      await this.#upkeep.flushed(shard, page.states)
      this.#metrics.lastSeenFlushed.inc(page.states.length)
      cursor = page.cursor
    } while (cursor !== '0')
  }
}
