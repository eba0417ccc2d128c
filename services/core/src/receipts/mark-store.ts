import type { Collection, Db } from 'mongodb'
import { bulkUpdates } from '../clients/bulk-updates.ts'
import type { MarkNote } from './mark-kind.ts'

export interface MarkDoc {
  /** `<conversationId>|<userId>` */
  _id: string
  conversationId: string
  userId: string
  deliveredSeq: number
  readSeq: number
}

/** Watermarks in MongoDB: one for a user and a conversation, not a field of every message. */
export class MarkStore {
  readonly #marks: Collection<MarkDoc>

  constructor(db: Db) {
    this.#marks = db.collection<MarkDoc>('marks')
  }

  /** Moves watermarks up, never down. Safe to repeat and to run out of order. */
  async raise(marks: MarkNote[]): Promise<void> {
    if (marks.length === 0) return
    await bulkUpdates(
      this.#marks,
      marks.map(({ conversationId, userId, deliveredSeq, readSeq }) => ({
        updateOne: {
          filter: { _id: markId({ conversationId, userId }) },
          update: {
            $max: { deliveredSeq, readSeq },
            $setOnInsert: { conversationId, userId },
          },
          upsert: true,
        },
      })),
    )
  }

  /** Those of these marks that exist, by `markId`. */
  async find(places: Pick<MarkNote, 'conversationId' | 'userId'>[]): Promise<Map<string, MarkDoc>> {
    if (places.length === 0) return new Map()
    const docs = await this.#marks.find({ _id: { $in: places.map(markId) } }).toArray()
    return new Map(docs.map((doc) => [doc._id, doc]))
  }
}

/** The `_id` of a mark. */
export function markId({ conversationId, userId }: Pick<MarkNote, 'conversationId' | 'userId'>): string {
  return `${conversationId}|${userId}`
}
