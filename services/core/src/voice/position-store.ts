import type { Collection, Db } from 'mongodb'

/** Where one user stopped in voice messages of one conversation. */
interface PositionsDoc {
  /** `<conversationId>|<userId>` */
  _id: string
  conversationId: string
  /** By message. */
  positions: Record<string, { seconds: number; at: Date }>
}

/** That many for a user in a conversation; the oldest go first. */
const maxPositions = 100

/** Positions in long voice messages, in MongoDB. Every look-up of theirs is by `_id`. */
export class PositionStore {
  readonly #positions: Collection<PositionsDoc>

  constructor(db: Db) {
    this.#positions = db.collection<PositionsDoc>('voice_positions')
  }

  /** @param seconds 0: forget it */
  async set(
    userId: string,
    carrier: { messageId: string; conversationId: string },
    seconds: number,
  ): Promise<void> {
    const { messageId, conversationId } = carrier
    const filter = { _id: positionsId(conversationId, userId) }
    if (seconds === 0) {
      await this.#positions.updateOne(filter, { $unset: { [`positions.${messageId}`]: '' } })
      return
    }
    const doc = await this.#positions.findOneAndUpdate(
      filter,
      {
        $set: { [`positions.${messageId}`]: { seconds, at: new Date() } },
        $setOnInsert: { conversationId },
      },
      { upsert: true, returnDocument: 'after' },
    )
    if (doc) await this.#trim(doc)
  }

  /** Seconds by message. */
  async of(userId: string, conversationId: string): Promise<Map<string, number>> {
    const doc = await this.#positions.findOne({ _id: positionsId(conversationId, userId) })
    return new Map(
      Object.entries(doc?.positions ?? {}).map(([messageId, { seconds }]) => [messageId, seconds]),
    )
  }

  /** The message is gone, for everybody. */
  async forget({ messageId, conversationId }: { messageId: string; conversationId: string }): Promise<void> {
    const field = `positions.${messageId}`
    await this.#positions.updateMany(
      { conversationId, [field]: { $exists: true } },
      { $unset: { [field]: '' } },
    )
  }

  async #trim({ _id, positions }: PositionsDoc): Promise<void> {
    const all = Object.entries(positions)
    if (all.length <= maxPositions) return
    const newest = all.reverse().sort(([, a], [, b]) => b.at.getTime() - a.at.getTime())
    const old = newest.slice(maxPositions).map(([messageId]) => [`positions.${messageId}`, '' as const])
    await this.#positions.updateOne({ _id }, { $unset: Object.fromEntries(old) })
  }
}

function positionsId(conversationId: string, userId: string): string {
  return `${conversationId}|${userId}`
}
