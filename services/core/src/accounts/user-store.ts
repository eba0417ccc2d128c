import type { UserSummary } from '@earshot/protocol'
import { LRUCache } from 'lru-cache'
import type { Collection, Db, FindCursor, ObjectId } from 'mongodb'
import { bulkUpdates } from '../clients/bulk-updates.ts'
import { isDuplicateKey } from '../clients/duplicate-key.ts'
import { fromDbId, toDbId } from '../clients/mongo.ts'
import { Gatherer, stormPauseMs } from '../gatherer.ts'

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

/** A name to be written. */
interface Naming {
  userId: string
  name: string
  /** No document of the user was found. */
  isNew: boolean
}

/** So many are looked up with others. */
const fewUsers = 50

/** Who exists. A user exists from the first valid token on. */
export class UserStore {
  readonly #users: Collection<UserDoc>
  /** Names of users known to exist; nobody is ever cached as absent. */
  readonly #names = new LRUCache<string, string>({ max: 50_000, ttl: 10 * 60_000, ttlResolution: 1_000 })

  /** Who comes in a storm is looked up, and written, together with the others: it took two commands for each. */
  readonly #lookUps = new Gatherer<string, UserDoc | undefined>((userIds) => this.#read(userIds), undefined, {
    pauseMs: stormPauseMs,
  })
  readonly #namings = new Gatherer<Naming, void>((namings) => this.#write(namings), undefined, {
    pauseMs: stormPauseMs,
  })

  constructor(db: Db) {
    this.#users = db.collection<UserDoc>('users')
  }

  /**
   * Makes the user exist under this name, and returns the name they have: one who is only named by the id (the token
   * has no name) keeps the name that the document has. A read at most when nothing changed.
   */
  async ensure(userId: string, given: string): Promise<string> {
    const known = this.ensured(userId, given)
    if (known !== undefined) return known
    const found = await this.#lookUps.ask(userId)
    const name = given === userId ? (found?.name ?? given) : given
    if (found?.name !== name || found.nameLower !== name.toLowerCase()) {
      await this.#namings.ask({ userId, name, isNew: !found })
    }
    this.#names.set(userId, name)
    return name
  }

  /** What `ensure` returns, where that needs no look-up. */
  ensured(userId: string, given: string): string | undefined {
    const known = this.#names.get(userId)
    return known === given || given === userId ? known : undefined
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
    const ids = [...new Set(userIds)]
    // A long list shall keep nobody waiting.
    const found =
      ids.length > fewUsers
        ? [...(await this.#read(ids)).values()]
        : await Promise.all(ids.map((userId) => this.#lookUps.ask(userId)))
    const docs = found.filter((doc) => doc !== undefined)
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

  async #read(userIds: string[]): Promise<Map<string, UserDoc>> {
    const docs = await this.#users
      .find(
        { _id: { $in: userIds.map(toDbId) } },
        { projection: { name: 1, nameLower: 1, lastSeen: 1, isOnline: 1, presenceVersion: 1 } },
      )
      .toArray()
    return new Map(docs.map((doc) => [fromDbId(doc._id), doc]))
  }

  /** New users by an insert, which costs a store the least; should one exist by now, all by updates. */
  async #write(namings: Naming[]): Promise<Map<Naming, void>> {
    const newcomers = new Map(namings.flatMap((one) => (one.isNew ? [[one.userId, one.name]] : [])))
    const createdAt = new Date()
    try {
      if (newcomers.size > 0) {
        const docs = [...newcomers].map(([userId, name]) => ({
          _id: toDbId(userId),
          name,
          nameLower: name.toLowerCase(),
          createdAt,
        }))
        await this.#users.insertMany(docs, { ordered: false })
      }
      await this.#rename(namings.filter(({ userId, name }) => newcomers.get(userId) !== name))
    } catch (error) {
      if (!isDuplicateKey(error)) throw error
      await this.#rename(namings)
    }
    return new Map()
  }

  async #rename(namings: Naming[]): Promise<void> {
    const createdAt = new Date()
    await bulkUpdates(
      this.#users,
      namings.map(({ userId, name }) => ({
        updateOne: {
          filter: { _id: toDbId(userId) },
          update: { $set: { name, nameLower: name.toLowerCase() }, $setOnInsert: { createdAt } },
          upsert: true,
        },
      })),
    )
  }
}

async function summaries(found: FindCursor<UserDoc>): Promise<UserSummary[]> {
  const docs = await found.project<UserDoc>({ name: 1 }).toArray()
  return docs.map((doc) => ({ _id: fromDbId(doc._id), name: nameOf(doc) }))
}

export function nameOf(doc: UserDoc): string {
  return doc.name ?? fromDbId(doc._id)
}
