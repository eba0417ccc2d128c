import type { Collection, Db } from 'mongodb'
import { bulkUpdates } from '../clients/bulk-updates.ts'
import type { MarkNote } from './mark-kind.ts'

/** Voice messages that one user has played, of one block of a conversation. */
interface PlaysDoc {
  /** `<conversationId>|<userId>|<block>` */
  _id: string
  seqs: number[]
}

/** Of whom, where, and of which messages one wants to know whether they were played. */
export interface PlayPlace {
  conversationId: string
  userId: string
  voiceSeqs: readonly number[]
}

/** `seq`s in one document: so it stays small, however long people talk, and a page of history needs one or two. */
const blockSize = 500

/** Which voice messages were played, in MongoDB. Every look-up is by `_id`. */
export class PlayStore {
  readonly #plays: Collection<PlaysDoc>

  constructor(db: Db) {
    this.#plays = db.collection<PlaysDoc>('voice_plays')
  }

  /** Safe to repeat and to run out of order. */
  async add(marks: Pick<MarkNote, 'conversationId' | 'userId' | 'playedSeqs'>[]): Promise<void> {
    const byDoc = marks.flatMap((mark) =>
      [...Map.groupBy(mark.playedSeqs, blockOf)].map(([block, seqs]) => ({ _id: docId(mark, block), seqs })),
    )
    await bulkUpdates(
      this.#plays,
      byDoc.map(({ _id, seqs }) => ({
        updateOne: { filter: { _id }, update: { $addToSet: { seqs: { $each: seqs } } }, upsert: true },
      })),
    )
  }

  /** What was played of it, place by place, in their order. */
  async find(places: PlayPlace[]): Promise<number[][]> {
    const idsOf = places.map((place) => [
      ...new Set(place.voiceSeqs.map((seq) => docId(place, blockOf(seq)))),
    ])
    const played = await this.#docs([...new Set(idsOf.flat())])
    return places.map(({ voiceSeqs }, i) => {
      const seqs = new Set(idsOf[i]?.flatMap((id) => played.get(id) ?? []))
      return voiceSeqs.filter((seq) => seqs.has(seq))
    })
  }

  async #docs(ids: string[]): Promise<Map<string, number[]>> {
    if (ids.length === 0) return new Map()
    const docs = await this.#plays.find({ _id: { $in: ids } }).toArray()
    return new Map(docs.map(({ _id, seqs }) => [_id, seqs]))
  }
}

function blockOf(seq: number): number {
  return Math.floor(seq / blockSize)
}

function docId(
  { conversationId, userId }: Pick<MarkNote, 'conversationId' | 'userId'>,
  block: number,
): string {
  return `${conversationId}|${userId}|${block}`
}
