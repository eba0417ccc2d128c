import type { Redis } from 'ioredis'
import type { LastSeenStore } from './last-seen-store.ts'
import type { LeaseStore } from './lease-store.ts'
import type { UntoldChange } from './shard-upkeep.ts'
import type { PresenceState } from './states.ts'

/** Longer than any window in which changes are gathered before they are published. */
const publishedAfterMs = 2_000

/**
 * Tells of changes, each at least once. The script that makes a change notes it in Redis; who told of it strikes it out
 * there a little later, once the publish has had its time. What stays in Redis, since its teller died or was cut off
 * from the other nodes, is told again by a worker.
 */
export class PresenceOutbox {
  readonly #store: LeaseStore
  readonly #publisher: Redis
  readonly #tell: (state: PresenceState, isAgain: boolean) => void
  /** What was told and is still noted in Redis; `at` by the monotonic clock, in order. */
  readonly #told = new Map<string, { version: number; at: number }>()

  constructor(deps: {
    store: LeaseStore
    publisher: Redis
    /** Called with each change; calls `told` in its turn. `isAgain`: clients may have been told of it before. */
    tell: (state: PresenceState, isAgain: boolean) => void
  }) {
    this.#store = deps.store
    this.#publisher = deps.publisher
    this.#tell = deps.tell
    // Whether the others heard what was under way is not known.
    deps.publisher.on('close', () => this.#told.clear())
  }

  announce(state: PresenceState): void {
    this.#tell(state, false)
  }

  /** Tells of changes whose teller did not say that it did, unless this process has done so just now. */
  async announceAgain(changes: UntoldChange[], stored: Pick<LastSeenStore, 'find'>): Promise<void> {
    const untold = changes.filter(({ userId, version }) => (this.#told.get(userId)?.version ?? 0) < version)
    const unseen = untold.filter(({ lastSeen }) => lastSeen === undefined)
    const found = await stored.find(unseen.map(({ userId }) => userId))
    const seen = new Map(found.map(({ userId, lastSeen }) => [userId, lastSeen]))
    for (const change of untold) {
      const lastSeen = change.lastSeen ?? seen.get(change.userId) ?? change.version
      this.#tell({ ...change, lastSeen }, true)
    }
  }

  /** Clients were told of these changes, or need not be. */
  told(changes: { userId: string; version: number }[]): void {
    if (this.#publisher.status !== 'ready') return
    for (const { userId, version } of changes) {
      this.#told.delete(userId)
      this.#told.set(userId, { version, at: performance.now() })
    }
  }

  /** To be called now and then. What it cannot note is told again by a worker, and does no harm. */
  async run(): Promise<void> {
    const published: { userId: string; version: number }[] = []
    const before = performance.now() - publishedAfterMs
    for (const [userId, { version, at }] of this.#told) {
      if (at > before) break
      this.#told.delete(userId)
      published.push({ userId, version })
    }
    await this.#store.told(published)
  }
}
