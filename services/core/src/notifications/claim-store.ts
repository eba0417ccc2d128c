import type { Collection, Db } from 'mongodb'
import { isDuplicateKey } from '../clients/duplicate-key.ts'
import { markId } from '../receipts/mark-store.ts'

/** That a user was notified of a conversation. */
interface ClaimDoc {
  /** As of the mark of the same user there. */
  _id: string
  userId: string
  /** Up to which message. Read up to there, the next one is told of again. */
  seq: number
  /** The job that did it: one that runs again recognises its own. */
  by: string
}

export interface Claim {
  conversationId: string
  userId: string
  seq: number
  by: string
}

/**
 * Who was notified of which conversation and has not read it since. In MongoDB, one document a pair, changed by one
 * conditional write: of two jobs at once one notifies, and no restart makes it forget.
 */
export class ClaimStore {
  readonly #claims: Collection<ClaimDoc>

  constructor(db: Db) {
    this.#claims = db.collection<ClaimDoc>('notified')
  }

  /** Those of the users for whom nothing stands in the way now. */
  async free(claims: (Claim & { readSeq: number })[]): Promise<Set<string>> {
    const ids = claims.map(markId)
    const [only] = ids
    const filter = ids.length === 1 && only !== undefined ? { _id: only } : { _id: { $in: ids } }
    const found = await this.#claims.find(filter).toArray()
    const known = new Map(found.map((doc) => [doc.userId, doc]))
    const free = claims.filter(({ userId, seq, by, readSeq }) => {
      const before = known.get(userId)
      return !before || before.seq <= readSeq || (before.seq === seq && before.by === by)
    })
    return new Set(free.map(({ userId }) => userId))
  }

  /** Returns whether it is this job that notifies. */
  async take(claim: Claim, readSeq: number): Promise<boolean> {
    const { userId, seq, by } = claim
    const _id = markId(claim)
    const { matchedCount } = await this.#claims.updateOne(
      { _id, $or: [{ seq: { $lte: readSeq } }, { seq, by }] },
      { $set: { seq, by } },
    )
    if (matchedCount > 0) return true
    try {
      await this.#claims.insertOne({ _id, userId, seq, by })
      return true
    } catch (error) {
      if (!isDuplicateKey(error)) throw error
      return false
    }
  }

  /** Nothing was sent after all: the next message is told of. */
  async giveBack({ conversationId, userId, seq }: Omit<Claim, 'by'>): Promise<void> {
    await this.#claims.deleteOne({ _id: markId({ conversationId, userId }), seq })
  }
}
