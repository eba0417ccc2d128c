import type { Metrics } from '../observability/metrics.ts'
import type { LastSeenStore } from './last-seen-store.ts'
import type { LeaseStore } from './lease-store.ts'
import type { ShardUpkeep } from './shard-upkeep.ts'
import type { PresenceState } from './states.ts'

const usersPerCall = 200
/** Both stores are compared now and then even without a reason: one of them may have been restored from a backup. */
const againAfterMs = 3_600_000

/**
 * Takes those offline whom MongoDB calls online and of whom Redis knows nothing: who left while Redis was wiped, or
 * whose state MongoDB lost. After each wipe, one lease later, when all who are there have taken their leases again; and
 * for each worker at its start and every hour.
 */
export class PresenceReconciler {
  readonly #upkeep: ShardUpkeep
  readonly #leases: Pick<LeaseStore, 'read'>
  readonly #lastSeen: Pick<LastSeenStore, 'online' | 'find'>
  readonly #onGone: (state: PresenceState) => void
  readonly #metrics: Metrics
  /** Shards to compare, with the memory that it is about. */
  readonly #wanted = new Map<number, number>()
  /** By the monotonic clock. */
  readonly #comparedAt: number[]

  constructor(deps: {
    upkeep: ShardUpkeep
    leases: Pick<LeaseStore, 'read'>
    lastSeen: Pick<LastSeenStore, 'online' | 'find'>
    onGone: (state: PresenceState) => void
    metrics: Metrics
  }) {
    this.#upkeep = deps.upkeep
    this.#leases = deps.leases
    this.#lastSeen = deps.lastSeen
    this.#onGone = deps.onGone
    this.#metrics = deps.metrics
    this.#comparedAt = deps.upkeep.keys.shards.map(() => Number.NEGATIVE_INFINITY)
  }

  /** To be called when the nodes of a shard had their time to take its leases again. */
  consider(shard: number, { born, isSettled }: { born: number; isSettled: boolean }): void {
    const comparedAt = this.#comparedAt[shard] ?? Number.NEGATIVE_INFINITY
    if (!isSettled || performance.now() - comparedAt > againAfterMs) this.#wanted.set(shard, born)
  }

  /** Compares all shards that need it, by one pass over those whom MongoDB calls online. */
  async run(): Promise<void> {
    if (this.#wanted.size === 0) return
    const wanted = new Map(this.#wanted)
    const waiting = new Map([...wanted.keys()].map((shard) => [shard, [] as PresenceState[]]))
    for await (const state of this.#lastSeen.online()) {
      const shard = this.#upkeep.keys.shardOf(state.userId)
      const batch = waiting.get(shard)
      batch?.push(state)
      if (batch?.length === usersPerCall) await this.#compare(shard, batch.splice(0))
    }
    for (const [shard, batch] of waiting) await this.#compare(shard, batch)
    for (const [shard, born] of wanted) {
      await this.#upkeep.settled(shard, born)
      this.#comparedAt[shard] = performance.now()
      if (this.#wanted.get(shard) === born) this.#wanted.delete(shard)
    }
  }

  async #compare(shard: number, states: PresenceState[]): Promise<void> {
    for (const state of await this.#upkeep.reconcile(shard, await this.#unknown(states))) {
      this.#metrics.presenceChanges.inc({ to: 'offline' })
      this.#metrics.presenceReconciled.inc()
      this.#onGone(state)
    }
  }

  /**
   * Those of whom Redis knows nothing, as MongoDB has them after that: what Redis knew when they were listed, and dropped since, MongoDB
   * has by then, and it may say that they left.
   */
  async #unknown(states: PresenceState[]): Promise<PresenceState[]> {
    const known = new Set(
      (await this.#leases.read(states.map(({ userId }) => userId))).map(({ userId }) => userId),
    )
    const unknown = states.map(({ userId }) => userId).filter((userId) => !known.has(userId))
    const stored = unknown.length > 0 ? await this.#lastSeen.find(unknown) : []
    return stored.flatMap(({ userId, isOnline, lastSeen, version }) =>
      isOnline && version > 0 ? [{ userId, isOnline, lastSeen: lastSeen ?? 0, version }] : [],
    )
  }
}
