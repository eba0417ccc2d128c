import type { UserSummary } from '@earshot/protocol'
import { LRUCache } from 'lru-cache'
import type { Collection, Db, FindCursor, ObjectId } from 'mongodb'
import { fromDbId, toDbId } from '../clients/mongo.ts'

/** Ours and the existing system's; unknown fields of its documents are never touched. */
export interface UserDoc {
  _id: ObjectId | string
  name?: string
  /** For look-ups by prefix. */
  nameLower?: string
  lastSeen?: Date
  isOnline?: boolean
  presenceVersion?: number
  /** Read receipts; on unless said. */
  receipts?: boolean
  createdAt?: Date
}

/** So many users are looked up one by one. */
const fewUsers = 4

/** Who exists. A user exists from the first valid token on. */
export class UserStore {
  readonly #users: Collection<UserDoc>
  /** Names of users known to exist; nobody is ever cached as absent. */
  readonly #names = new LRUCache<string, string>({ max: 50_000, ttl: 10 * 60_000 })

  constructor(db: Db) {
    this.#users = db.collection<UserDoc>('users')
  }

  /**
   * Makes the user exist under this name, and returns the name they have: one who is only named by the id (the token
   * has no name) keeps the name that the document has. A read at most when nothing changed.
   */
  async ensure(userId: string, given: string): Promise<string> {
    const known = this.#names.get(userId)
    if (known !== undefined && (known === given || given === userId)) return known
    const found = await this.#users.findOne(
      { _id: toDbId(userId) },
      { projection: { name: 1, nameLower: 1 } },
    )
    const name = given === userId ? (found?.name ?? given) : given
    const nameLower = name.toLowerCase()
    if (found?.name !== name || found.nameLower !== nameLower) {
      await this.#users.updateOne(
        { _id: toDbId(userId) },
        { $set: { name, nameLower }, $setOnInsert: { createdAt: new Date() } },
        { upsert: true },
      )
    }
    this.#names.set(userId, name)
    return name
  }

  /** The name of a user who is known to exist, where that needs no look-up. */
  knownName(userId: string): string | undefined {
    return this.#names.get(userId)
  }

  async exists(userId: string): Promise<boolean> {
    return this.#names.has(userId) || (await this.find([userId])).length > 0
  }

  /** Those of the users who exist, in no order. */
  async find(userIds: string[]): Promise<UserDoc[]> {
    if (userIds.length === 0) return []
    const options = { projection: { name: 1, lastSeen: 1, isOnline: 1, presenceVersion: 1 } }
    // One `_id` alone uses the index on every MongoDB-wire server, a list does not.
    const docs =
      userIds.length <= fewUsers
        ? (await Promise.all(userIds.map((id) => this.#users.findOne({ _id: toDbId(id) }, options)))).flatMap(
            (doc) => doc ?? [],
          )
        : await this.#users.find({ _id: { $in: userIds.map(toDbId) } }, options).toArray()
    for (const doc of docs) this.#names.set(fromDbId(doc._id), nameOf(doc))
    return docs
  }

  /** Users whose name starts with the text, by name. */
  async search(text: string, limit: number): Promise<UserSummary[]> {
    const escaped = text
      .trim()
      .toLowerCase()
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    const found = this.#users.find(escaped ? { nameLower: { $regex: `^${escaped}` } } : {})
    return summaries(found.sort({ nameLower: 1 }).limit(limit))
  }

  /** Users by when they were last seen, the last one first. */
  async seenLast(limit: number, skip: number): Promise<UserSummary[]> {
    return summaries(this.#users.find().sort({ lastSeen: -1 }).skip(skip).limit(limit))
  }
}

async function summaries(found: FindCursor<UserDoc>): Promise<UserSummary[]> {
  const docs = await found.project<UserDoc>({ name: 1 }).toArray()
  return docs.map((doc) => ({ _id: fromDbId(doc._id), name: nameOf(doc) }))
}

export function nameOf(doc: UserDoc): string {
  return doc.name ?? fromDbId(doc._id)
}
