import type { AnyBulkWriteOperation, Collection, Db } from 'mongodb'
import { nameOf, type UserDoc, type UserStore } from '../accounts/user-store.ts'
import { bulkUpdates } from '../clients/bulk-updates.ts'
import { fromDbId, toDbId } from '../clients/mongo.ts'
import type { PresenceState } from './lease-store.ts'

/** A user with the state that MongoDB has of them. */
export interface StoredPresence {
  userId: string
  name: string
  isOnline: boolean
  /** Milliseconds since 1970; null for one who never connected. */
  lastSeen: number | null
  version: number
}

/** `lastSeen` and `isOnline` in the users' documents. */
export class LastSeenStore {
  readonly #users: Collection<UserDoc>
  readonly #userStore: UserStore

  constructor(db: Db, userStore: UserStore) {
    this.#users = db.collection<UserDoc>('users')
    this.#userStore = userStore
  }

  /**
   * Writes many states in one command. Safe to repeat and to run out of order: `lastSeen` never goes back, and
   * an older version never overwrites a newer one.
   */
  async write(states: PresenceState[]): Promise<void> {
    if (states.length === 0) return
    const operations: AnyBulkWriteOperation<UserDoc>[] = states.flatMap((state) => {
      const _id = toDbId(state.userId)
      const lastSeen = new Date(state.lastSeen)
      return [
        { updateOne: { filter: { _id }, update: { $max: { lastSeen } }, upsert: true } },
        {
          updateOne: {
            filter: { _id, $nor: [{ presenceVersion: { $gte: state.version } }] },
            update: { $set: { isOnline: state.isOnline, presenceVersion: state.version } },
          },
        },
      ]
    })
    await bulkUpdates(this.#users, operations, { ordered: true })
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
}
