import type { Redis } from 'ioredis'
import { redisNow } from '../clients/redis-now.ts'
import type { Fanout } from '../fanout.ts'
import type { Visibility } from '../visibility/visibility.ts'
import type { LeaseStore } from './lease-store.ts'
import type { PresenceReader } from './presence-reader.ts'

/** So long Redis knows whose state changed. Who is cut off for longer misses what happened before. */
export const changesKeptMs = 600_000
/** What nobody has told by then, a worker tells. */
const toldWithinMs = 10_000
const usersPerRead = 500

/**
 * For clients that hear of everybody and name nobody: what they would have heard while their node heard nothing of the
 * others. Those that watch are told anew how all are whom they watch.
 */
export class MissedChanges {
  readonly #redis: Redis
  readonly #leases: Pick<LeaseStore, 'changedSince'>
  readonly #reader: Pick<PresenceReader, 'shown'>
  readonly #visibility: Visibility
  readonly #here: Pick<Fanout, 'presenceTo'>

  constructor(deps: {
    redis: Redis
    leases: Pick<LeaseStore, 'changedSince'>
    reader: Pick<PresenceReader, 'shown'>
    visibility: Visibility
    /** Reaches the clients of this node alone. */
    here: Pick<Fanout, 'presenceTo'>
  }) {
    this.#redis = deps.redis
    this.#leases = deps.leases
    this.#reader = deps.reader
    this.#visibility = deps.visibility
    this.#here = deps.here
  }

  /** @param since by the monotonic clock */
  async tell(since: number): Promise<void> {
    const agoMs = performance.now() - since + toldWithinMs
    const changed = await this.#leases.changedSince((await redisNow(this.#redis)) - agoMs)
    for (let i = 0; i < changed.length; i += usersPerRead) {
      const userIds = changed.slice(i, i + usersPerRead)
      await this.#visibility.rulesOfEach(userIds)
      const statuses = await this.#reader.shown(userIds, 0)
      for (const [userId, status] of statuses) {
        this.#here.presenceTo(status, await this.#visibility.audience(userId))
      }
    }
  }
}
