import type { Redis } from 'ioredis'
import { inSlices } from '../in-slices.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { ShardUpkeep, UntoldChange } from './shard-upkeep.ts'
import type { PresenceState } from './states.ts'

const perCall = 200
/** In one message to Redis: waking up costs more than an idle shard. Few, as nobody else is served between them. */
const shardsAtOnce = 8

/**
 * Takes those whose lease nobody renewed offline, as of their last renewal, and finds what else is left undone in Redis.
 * Atomic for each shard, so that two sweepers at once only cost time.
 */
export class LeaseSweeper {
  readonly #upkeep: ShardUpkeep
  readonly #onGone: (state: PresenceState) => void
  readonly #onUntold: (changes: UntoldChange[]) => Promise<void>
  readonly #onMemory: (shard: number, memory: { born: number; isSettled: boolean }) => void
  readonly #metrics: Metrics
  /** Counts the connections to Redis: in a new one, each shard's nodes may have to come back first, too. */
  #epoch = 0
  readonly #sweptIn: number[]

  constructor(deps: {
    redis: Redis
    upkeep: ShardUpkeep
    onGone: (state: PresenceState) => void
    /** Changes whose teller did not say that it told them. */
    onUntold: (changes: UntoldChange[]) => Promise<void>
    /** For each shard at each sweep, unless its nodes may still be taking leases again. */
    onMemory: (shard: number, memory: { born: number; isSettled: boolean }) => void
    metrics: Metrics
  }) {
    this.#upkeep = deps.upkeep
    this.#onGone = deps.onGone
    this.#onUntold = deps.onUntold
    this.#onMemory = deps.onMemory
    this.#metrics = deps.metrics
    this.#sweptIn = deps.upkeep.keys.shards.map(() => 0)
    deps.redis.on('close', () => {
      this.#epoch++
    })
  }

  async run(): Promise<void> {
    const untold: UntoldChange[] = []
    for (const shards of inSlices([...this.#sweptIn.keys()], shardsAtOnce)) {
      const swept = await Promise.all(shards.map((shard) => this.#sweep(shard)))
      untold.push(...swept.flat())
    }
    if (untold.length > 0) await this.#onUntold(untold)
  }

  async #sweep(shard: number): Promise<UntoldChange[]> {
    for (;;) {
      const epoch = this.#epoch
      const wasAway = this.#sweptIn[shard] !== epoch
      const { gone, untold, hasMore, memory } = await this.#upkeep.sweep(shard, perCall, wasAway)
      this.#sweptIn[shard] = epoch
      for (const state of gone) {
        this.#metrics.presenceChanges.inc({ to: 'offline' })
        this.#onGone(state)
      }
      if (hasMore) continue
      if (memory) this.#onMemory(shard, memory)
      return untold
    }
  }
}
