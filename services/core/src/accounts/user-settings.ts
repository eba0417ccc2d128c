import { LRUCache } from 'lru-cache'
import type { Collection, Db } from 'mongodb'
import { fromDbId, toDbId } from '../clients/mongo.ts'
import type { UserDoc } from './user-store.ts'

/** What a user has chosen of how others see them. */
export class UserSettings {
  readonly #users: Collection<UserDoc>
  /** A change made on another node is seen within seconds. */
  readonly #receipts = new LRUCache<string, boolean>({ max: 50_000, ttl: 5_000 })

  constructor(db: Db) {
    this.#users = db.collection<UserDoc>('users')
  }

  /** Whether read receipts pass between these users: who hides theirs does not see others'. */
  async receiptsShown(userIds: string[]): Promise<boolean> {
    return (await this.hiding(userIds)).size === 0
  }

  /** Those of the users who hide their read receipts. */
  async hiding(userIds: string[]): Promise<Set<string>> {
    // What is remembered is looked at before anything is waited for: it may be forgotten meanwhile.
    const hiding = new Set(userIds.filter((userId) => this.#receipts.get(userId) === false))
    const unknown = userIds.filter((userId) => !this.#receipts.has(userId))
    if (unknown.length === 0) return hiding
    const filter = { _id: { $in: unknown.map(toDbId) } }
    const docs = await this.#users.find(filter, { projection: { receipts: 1 } }).toArray()
    for (const doc of docs) {
      const isShown = doc.receipts ?? true
      this.#receipts.set(fromDbId(doc._id), isShown)
      if (!isShown) hiding.add(fromDbId(doc._id))
    }
    return hiding
  }

  async setReceipts(userId: string, isOn: boolean): Promise<void> {
    await this.#users.updateOne({ _id: toDbId(userId) }, { $set: { receipts: isOn } })
    this.#receipts.set(userId, isOn)
  }
}
