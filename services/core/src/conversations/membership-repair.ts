import type { Metrics } from '../observability/metrics.ts'
import type { MembershipAnnouncer } from './membership-change.ts'
import type { PendingMemberships } from './pending-memberships.ts'

/** A change takes milliseconds: one that is this old was left, or waits for MongoDB. */
const firstAtMs = 500
/** By then it was told often enough, or it never was made. */
const lastAtMs = 60_000

/**
 * For the worker: announces changes of memberships that a node began and has not announced. At growing ages, since a
 * write that MongoDB was busy with may take effect late. Announced twice, by two workers, it does no harm.
 */
export class MembershipRepair {
  readonly #pending: PendingMemberships
  readonly #announcer: MembershipAnnouncer
  readonly #metrics: Metrics
  #lastRunAt = 0

  constructor(deps: { pending: PendingMemberships; announcer: MembershipAnnouncer; metrics: Metrics }) {
    this.#pending = deps.pending
    this.#announcer = deps.announcer
    this.#metrics = deps.metrics
  }

  async run(): Promise<void> {
    const now = await this.#pending.now()
    for await (const { groupId, userIds, notedAt } of this.#pending.until(now - firstAtMs)) {
      if (!isDue(now - notedAt, this.#lastRunAt - notedAt)) continue
      this.#metrics.membershipRepairs.inc()
      await this.#announcer.announce({ groupId, userIds, kind: 'unknown' })
    }
    this.#lastRunAt = now
    await this.#pending.dropOlder(now - 2 * lastAtMs)
  }
}

/** At 0.5, 1, 2, 4 … seconds. */
function isDue(ageMs: number, ageBeforeMs: number): boolean {
  for (let at = firstAtMs; at <= lastAtMs; at *= 2) if (ageBeforeMs < at && at <= ageMs) return true
  return false
}
