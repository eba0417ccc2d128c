import type { Lease, LeaseStore } from './lease-store.ts'
import type { PresenceState } from './states.ts'

/** A lease to be given back; times by the monotonic clock. */
interface Owed extends Lease {
  aliveAt: number
  graceEndsAt: number
  isUnderWay: boolean
}

/** For so long at least it is remembered what was given back: a Redis that comes back may have lost its last second. */
const rememberMs = 10_000

/**
 * Leases that are given back. What Redis could not be told while it was away is told later, as of when it happened: so
 * `lastSeen` is the moment of leaving, however long the outage. No more than were held when it began.
 */
export class OwedReleases {
  readonly #store: LeaseStore
  readonly #owed = new Map<string, Owed>()
  /** Of late, in the order in which Redis was told; until when each is remembered, by the monotonic clock. */
  readonly #paid = new Map<string, { owed: Owed; until: number }>()

  constructor(store: LeaseStore) {
    this.#store = store
  }

  /**
   * Returns the user's new state when this made them offline; rejects while Redis is away.
   * @param lease.aliveAt its last sign of life, by the monotonic clock
   */
  async release(lease: Lease & { aliveAt: number }, graceMs: number): Promise<PresenceState | undefined> {
    const owed: Owed = { ...lease, graceEndsAt: performance.now() + graceMs, isUnderWay: false }
    this.#owed.set(lease.connectionId, owed)
    return this.#pay(owed)
  }

  /** Whether this lease is given back already, though Redis was not told so yet. */
  has(connectionId: string): boolean {
    return this.#owed.has(connectionId)
  }

  /** Gives back once more what Redis has all the same: as of when it happened, where that is known. */
  async releaseAgain(lease: Lease): Promise<PresenceState | undefined> {
    const paid = this.#paid.get(lease.connectionId)
    return paid ? this.#release(paid.owed) : this.#store.release(lease, Number.MAX_SAFE_INTEGER, 0)
  }

  /** Tells what is owed. */
  async settle(): Promise<PresenceState[]> {
    const waiting = [...this.#owed.values()].filter(({ isUnderWay }) => !isUnderWay)
    const states = await Promise.all(waiting.map((owed) => this.#pay(owed)))
    return states.flatMap((state) => state ?? [])
  }

  async #pay(owed: Owed): Promise<PresenceState | undefined> {
    owed.isUnderWay = true
    try {
      const state = await this.#release(owed)
      this.#owed.delete(owed.connectionId)
      this.#remember(owed)
      return state
    } finally {
      owed.isUnderWay = false
    }
  }

  #release(owed: Owed): Promise<PresenceState | undefined> {
    const now = performance.now()
    return this.#store.release(owed, now - owed.aliveAt, owed.graceEndsAt - now)
  }

  #remember(owed: Owed): void {
    const now = performance.now()
    for (const [connectionId, { until }] of this.#paid) {
      if (now < until) break
      this.#paid.delete(connectionId)
    }
    this.#paid.set(owed.connectionId, { owed, until: now + rememberMs })
  }
}
