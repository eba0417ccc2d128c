import type { AnyBulkWriteOperation, Collection, Db } from 'mongodb'
import { nameOf, type UserDoc, type UserStore } from '../accounts/user-store.ts'
import { bulkUpdates } from '../clients/bulk-updates.ts'
import { fromDbId, toDbId } from '../clients/mongo.ts'
import { Gatherer } from '../gatherer.ts'
import type { PresenceState, Sighting } from './states.ts'

/** A user with the state that MongoDB has of them. */
export interface StoredPresence {
  userId: string
  name: string
  isOnline: boolean
  /** Milliseconds since 1970; null for one who never connected. */
  lastSeen: number | null
  version: number
}

/** `lastSeen` and `isOnline` in the users' documents, whose other fields are never touched. */
export class LastSeenStore {
  readonly #users: Collection<UserDoc>
  readonly #userStore: UserStore
  /** What several ask for is written together: a storm leaves few changes in each shard. */
  readonly #writes = new Gatherer<PresenceState, void>((states) => this.#writeAll(states), undefined)

  constructor(db: Db, userStore: UserStore) {
    this.#users = db.collection<UserDoc>('users')
    this.#userStore = userStore
  }

  /**
   * Writes many states in few commands. Safe to repeat and to run out of order: `lastSeen` never goes back, and
   * an older version never overwrites a newer one.
   */
  async write(states: PresenceState[]): Promise<void> {
    await Promise.all(states.map((state) => this.#writes.ask(state)))
  }

  async #writeAll(states: PresenceState[]): Promise<Map<PresenceState, void>> {
    if (await this.#writeNewer(states)) return new Map()
    const operations = states.flatMap(({ userId, lastSeen, isOnline, version }) => {
      const _id = toDbId(userId)
      const seen: AnyBulkWriteOperation<UserDoc> = {
        updateOne: { filter: { _id }, update: { $max: { lastSeen: new Date(lastSeen) } }, upsert: true },
      }
      return [
        seen,
        {
          updateOne: {
            filter: { _id, $nor: [{ presenceVersion: { $gte: version } }] },
            update: { $set: { isOnline, presenceVersion: version } },
          },
        },
      ]
    })
    await bulkUpdates(this.#users, operations, { ordered: true })
    return new Map()
  }

  /**
   * One update for each: half the cost, and nearly always enough. Returns whether it was; not for a user without a document, nor
   * for one of whom a newer state is there already.
   */
  async #writeNewer(states: PresenceState[]): Promise<boolean> {
    const operations = states.map(({ userId, lastSeen, isOnline, version }) => ({
      updateOne: {
        filter: { _id: toDbId(userId), $nor: [{ presenceVersion: { $gte: version } }] },
        update: { $max: { lastSeen: new Date(lastSeen) }, $set: { isOnline, presenceVersion: version } },
      },
    }))
    return (await bulkUpdates(this.#users, operations)) === states.length
  }

  /** The same of signs of life that change nobody's state. Those of one moment are one update. */
  async saw(sightings: Sighting[]): Promise<void> {
    if (sightings.length === 0) return
    const together = Map.groupBy(sightings, ({ lastSeen }) => lastSeen)
    const operations = [...together].map(([lastSeen, users]) => ({
      updateMany: {
        filter: { _id: { $in: users.map(({ userId }) => toDbId(userId)) } },
        update: { $max: { lastSeen: new Date(lastSeen) } },
      },
    }))
    await bulkUpdates(this.#users, operations)
  }

  async find(userIds: string[]): Promise<StoredPresence[]> {
    const docs = await this.#userStore.find(userIds)
    return docs.map((doc) => ({
      userId: fromDbId(doc._id),
      name: nameOf(doc),
      isOnline: doc.isOnline ?? false,
      lastSeen: doc.lastSeen?.getTime() ?? null,
      version: doc.presenceVersion ?? 0,
    }))
  }

  /**
   * All who are online by what this system wrote, read as they are asked for. Whom only the existing system calls
   * online is its own to say.
   */
  async *online(): AsyncGenerator<PresenceState> {
    const cursor = this.#users
      .find({ isOnline: true, presenceVersion: { $exists: true } })
      .project<UserDoc>({ lastSeen: 1, presenceVersion: 1 })
      .batchSize(usersPerRead)
    for await (const { _id, lastSeen, presenceVersion } of cursor) {
      yield {
        userId: fromDbId(_id),
        isOnline: true,
        lastSeen: lastSeen?.getTime() ?? 0,
        version: presenceVersion ?? 0,
      }
    }
  }
}

const usersPerRead = 500
