import type { Mark } from '@earshot/protocol'
import type { Collection, Db } from 'mongodb'
import { bulkUpdates } from '../clients/bulk-updates.ts'

export interface MarkDoc {
  /** `<conversationId>|<userId>` */
  _id: string
  conversationId: string
  userId: string
  deliveredSeq: number
  readSeq: number
  /** Voice messages that were played, by `seq`; of those that are still of interest. */
  playedSeqs?: number[]
}

/** How far each user has got in each conversation: a watermark, not a field of every message. */
export class MarkStore {
  readonly #marks: Collection<MarkDoc>

  constructor(db: Db) {
    this.#marks = db.collection<MarkDoc>('marks')
  }

  /** Moves watermarks up, never down. Safe to repeat and to run out of order. */
  async raise(marks: (Mark & { conversationId: string; playedSeqs: number[] })[]): Promise<void> {
    if (marks.length === 0) return
    await bulkUpdates(
      this.#marks,
      marks.map(({ conversationId, userId, deliveredSeq, readSeq, playedSeqs }) => ({
        updateOne: {
          filter: { _id: markId(conversationId, userId) },
          update: {
            $max: { deliveredSeq, readSeq },
            $setOnInsert: { conversationId, userId },
            ...(playedSeqs.length > 0 && { $addToSet: { playedSeqs: { $each: playedSeqs } } }),
          },
          upsert: true,
        },
      })),
    )
  }

  async one(conversationId: string, userId: string): Promise<MarkDoc | null> {
    return this.#marks.findOne({ _id: markId(conversationId, userId) })
  }

  async ofConversation(conversationId: string): Promise<MarkDoc[]> {
    return this.#marks.find({ conversationId }).toArray()
  }

  async ofUser(userId: string): Promise<MarkDoc[]> {
    return this.#marks.find({ userId }).toArray()
  }
}

export function markId(conversationId: string, userId: string): string {
  return `${conversationId}|${userId}`
}
