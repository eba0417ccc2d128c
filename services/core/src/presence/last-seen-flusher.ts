import { inSlices } from '../in-slices.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { LastSeenStore } from './last-seen-store.ts'
import type { LeaseStore } from './lease-store.ts'
import type { Page, ShardUpkeep, Unwritten } from './shard-upkeep.ts'
import type { PresenceState, Sighting } from './states.ts'

const perWrite = 500
/** What these have to write shares commands: a storm leaves few changes in each. */
const shardsAtOnce = 16
/** What was told of somebody's leaving is not said anew for less: two reports of one moment differ by as much as calls take. */
const worthTellingMs = 1_000

/** Carries changes from Redis to MongoDB. It drops from Redis just what it wrote, so it may die anywhere. */
export class LastSeenFlusher {
  readonly #upkeep: ShardUpkeep
  readonly #leases: Pick<LeaseStore, 'read'>
  readonly #lastSeen: Pick<LastSeenStore, 'write' | 'saw' | 'find'>
  readonly #onLater: (state: PresenceState) => void
  readonly #worthTellingMs: number
  readonly #metrics: Metrics

  constructor(deps: {
    upkeep: ShardUpkeep
    leases: Pick<LeaseStore, 'read'>
    lastSeen: Pick<LastSeenStore, 'write' | 'saw' | 'find'>
    /** Called with the new states of users who left later than was told. */
    onLater: (state: PresenceState) => void
    worthTellingMs?: number
    metrics: Metrics
  }) {
    this.#upkeep = deps.upkeep
    this.#leases = deps.leases
    this.#lastSeen = deps.lastSeen
    this.#onLater = deps.onLater
    this.#worthTellingMs = deps.worthTellingMs ?? worthTellingMs
    this.#metrics = deps.metrics
  }

  async run(): Promise<void> {
    const changes = await this.#upkeep.waiting('dirty')
    this.#metrics.lastSeenWaiting.set(changes.reduce((sum, count) => sum + count, 0))
    await inTurn(changes, (shard) =>
      walk(
        (cursor) => this.#upkeep.dirty(shard, cursor, perWrite),
        async (states) => {
          await this.#lastSeen.write(states)
          await this.#upkeep.flushed(shard, 'dirty', states)
          this.#metrics.lastSeenFlushed.inc(states.length)
        },
      ),
    )
    await inTurn(await this.#upkeep.waiting('sighted'), (shard) =>
      walk(
        (cursor) => this.#upkeep.sighted(shard, cursor, perWrite),
        async (sightings) => {
          const learnt = await this.#learn(shard, sightings)
          await this.#upkeep.flushed(shard, 'sighted', learnt)
        },
      ),
    )
  }

  /**
   * Signs of life that were learnt of late. Who is known to be offline was there longer than clients were told: they are
   * told anew. Whom MongoDB calls online, Redis having forgotten, the reconciler will find, and these with it. Returns
   * those that need not be kept.
   */
  async #learn(shard: number, sightings: Unwritten<Sighting>[]): Promise<Unwritten<Sighting>[]> {
    // Redis first: what it does not have any more, MongoDB has by then.
    const live = await this.#statesOf(sightings, (userIds) => this.#leases.read(userIds))
    const unknown = sightings.filter(({ userId }) => !live.has(userId))
    const stored = await this.#statesOf(unknown, (userIds) => this.#lastSeen.find(userIds))
    const later: PresenceState[] = []
    const forgotten: Sighting[] = []
    const learnt = sightings.filter(({ userId, lastSeen }) => {
      // Who came back was seen since. A leave that is not in MongoDB yet will be compared when it is.
      const now = live.get(userId)
      if (now) return now.isOnline
      const then = stored.get(userId)
      if (!then) return true
      const { isOnline, version } = then
      if (isOnline) forgotten.push({ userId, lastSeen })
      else if (lastSeen - (then.lastSeen ?? 0) > this.#worthTellingMs)
        later.push({ userId, isOnline, version, lastSeen })
      // Nobody reconciles whom only the existing system calls online.
      return !isOnline || version === 0
    })
    await this.#lastSeen.saw(forgotten)
    for (const state of await this.#upkeep.reconcile(shard, later)) this.#onLater(state)
    return learnt
  }

  async #statesOf<State extends { userId: string }>(
    sightings: Sighting[],
    read: (userIds: string[]) => Promise<State[]>,
  ): Promise<Map<string, State>> {
    const states = await read(sightings.map(({ userId }) => userId))
    return new Map(states.map((state) => [state.userId, state]))
  }
}

/** Visits the shards where something waits, a few at once: this must not crowd out what people wait for. */
async function inTurn(waiting: number[], visit: (shard: number) => Promise<void>): Promise<void> {
  const shards = [...waiting.entries()].flatMap(([shard, count]) => (count > 0 ? [shard] : []))
  for (const some of inSlices(shards, shardsAtOnce)) await Promise.all(some.map(visit))
}

async function walk<T>(
  next: (cursor: string) => Promise<Page<T>>,
  visit: (found: T[]) => Promise<void>,
): Promise<void> {
  let cursor = '0'
  do {
    const page = await next(cursor)
    if (page.found.length > 0) await visit(page.found)
    cursor = page.cursor
  } while (cursor !== '0')
}
