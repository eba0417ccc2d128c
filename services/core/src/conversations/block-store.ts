import { LRUCache } from 'lru-cache'
import type { Collection, Db } from 'mongodb'
import { ChangeClock } from './change-clock.ts'

interface BlockDoc {
  /** `<blocker>|<blocked>` */
  _id: string
  userId: string
  blockedId: string
  at: Date
}

/** Who wants to hear nothing from whom. */
export class BlockStore {
  readonly #blocks: Collection<BlockDoc>
  /** A block set on another node is felt within a second. */
  readonly #known = new LRUCache<string, boolean>({ max: 100_000, ttl: 1_000 })
  readonly #clock = new ChangeClock()

  constructor(db: Db) {
    this.#blocks = db.collection<BlockDoc>('blocks')
  }

  async isBlocked(userId: string, by: string): Promise<boolean> {
    const _id = `${by}|${userId}`
    const known = this.#known.get(_id)
    if (known !== undefined) return known
    const mark = this.#clock.now
    const isBlocked = (await this.#blocks.findOne({ _id })) !== null
    // An answer from before a change must not outlive it.
    if (!this.#clock.changedSince(mark, _id)) this.#known.set(_id, isBlocked)
    return isBlocked
  }

  /** Those of the users who blocked this one; read, not remembered. */
  async blockersAmong(userIds: string[], blockedId: string): Promise<Set<string>> {
    const ids = userIds.map((userId) => `${userId}|${blockedId}`)
    const docs = await this.#blocks.find({ _id: { $in: ids } }, { projection: { userId: 1 } }).toArray()
    return new Set(docs.map(({ userId }) => userId))
  }

  async block(userId: string, blockedId: string): Promise<void> {
    const _id = `${userId}|${blockedId}`
    await this.#blocks.updateOne(
      { _id },
      { $setOnInsert: { userId, blockedId, at: new Date() } },
      { upsert: true },
    )
    this.#changed(_id, true)
  }

  async unblock(userId: string, blockedId: string): Promise<void> {
    const _id = `${userId}|${blockedId}`
    await this.#blocks.deleteOne({ _id })
    this.#changed(_id, false)
  }

  #changed(_id: string, isBlocked: boolean): void {
    this.#clock.note(_id)
    this.#known.set(_id, isBlocked)
  }

  async blockedBy(userId: string): Promise<string[]> {
    const docs = await this.#blocks.find({ userId }).sort({ at: -1 }).toArray()
    return docs.map(({ blockedId }) => blockedId)
  }
}
