import type { Collection, Db } from 'mongodb'

interface BlockDoc {
  /** `<blocker>|<blocked>` */
  _id: string
  userId: string
  blockedId: string
  at: Date
}

/** Who wants to hear nothing from whom. Read through `Visibility`, which remembers. */
export class BlockStore {
  readonly #blocks: Collection<BlockDoc>

  constructor(db: Db) {
    this.#blocks = db.collection<BlockDoc>('blocks')
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
  }

  async unblock(userId: string, blockedId: string): Promise<void> {
    await this.#blocks.deleteOne({ _id: `${userId}|${blockedId}` })
  }

  async blockedBy(userId: string): Promise<string[]> {
    const docs = await this.#blocks.find({ userId }).sort({ at: -1 }).toArray()
    return docs.map(({ blockedId }) => blockedId)
  }
}
