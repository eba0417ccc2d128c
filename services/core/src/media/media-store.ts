import type { Collection, Db } from 'mongodb'
import { isDuplicateKey } from '../clients/duplicate-key.ts'
import type { Carrier, MediaDoc } from './media-doc.ts'

/** An upload whose node died is left alone for as long as it might still be coming in. */
export const receivingMs = 6 * 3_600_000
/** Time from an attachment to its message's commit, at most; later, one without its message was left by a failure. */
const commitMs = 10 * 60_000

/** Uploads in MongoDB. Every look-up is by `_id`, but the collector's. */
export class MediaStore {
  readonly #media: Collection<MediaDoc>
  readonly #orphanMs: number

  /** @param options `orphanMs`: how long an upload may wait for a message to carry it */
  constructor(db: Db, options: { orphanMs: number }) {
    this.#media = db.collection<MediaDoc>('media')
    this.#orphanMs = options.orphanMs
  }

  /** Notes an upload before its first byte is stored, so that what a dying node leaves is found. */
  async begin(doc: Omit<MediaDoc, 'state' | 'size' | 'sha256' | 'carriers' | 'createdAt'>): Promise<void> {
    const createdAt = new Date()
    const checkAt = new Date(createdAt.getTime() + receivingMs)
    try {
      await this.#media.insertOne({
        ...doc,
        state: 'receiving',
        size: 0,
        sha256: '',
        carriers: [],
        createdAt,
        checkAt,
      })
    } catch (error) {
      // Begun before: the same content is put together again.
      if (!isDuplicateKey(error)) throw error
    }
  }

  /** The bytes are stored. `null` when the record is gone. */
  async finish(mediaId: string, facts: Pick<MediaDoc, 'size' | 'sha256'>): Promise<MediaDoc | null> {
    const checkAt = new Date(Date.now() + this.#orphanMs)
    await this.#media.updateOne(
      { _id: mediaId, state: 'receiving' },
      { $set: { state: 'stored', ...facts, checkAt } },
    )
    return this.byId(mediaId)
  }

  async byId(mediaId: string): Promise<MediaDoc | null> {
    const doc = await this.#media.findOne({ _id: mediaId })
    return doc?.state === 'stored' ? doc : null
  }

  /** Returns false when there is no such upload (any more). */
  async attach(mediaId: string, carrier: Carrier): Promise<boolean> {
    const checkAt = new Date(Date.now() + commitMs)
    const { matchedCount } = await this.#media.updateOne(
      { _id: mediaId, state: 'stored' },
      { $addToSet: { carriers: ordered(carrier) }, $set: { checkAt } },
    )
    return matchedCount > 0
  }

  /** Returns what is left, `null` when there is no such upload. */
  async detach(mediaId: string, carrier: Carrier): Promise<MediaDoc | null> {
    return this.#media.findOneAndUpdate(
      { _id: mediaId, state: 'stored' },
      { $pull: { carriers: ordered(carrier) } },
      { returnDocument: 'after' },
    )
  }

  /** Takes an attachment back whose message never came to be, unless it is being sent again. */
  async takeBack({ _id, checkAt }: MediaDoc, carrier: Carrier): Promise<void> {
    if (!checkAt) return
    await this.#media.updateOne({ _id, checkAt }, { $pull: { carriers: ordered(carrier) } })
  }

  /**
   * From now on nobody can read or attach it; what is left to do is due at once, should this node die. Returns false
   * when a message carries it after all.
   */
  async condemn(mediaId: string): Promise<boolean> {
    const { matchedCount } = await this.#media.updateOne(
      { _id: mediaId, carriers: { $size: 0 } },
      { $set: { state: 'removing', checkAt: new Date() } },
    )
    return matchedCount > 0
  }

  async delete(mediaId: string): Promise<void> {
    await this.#media.deleteOne({ _id: mediaId })
  }

  /** Those that the collector is to look at. */
  async due(limit: number): Promise<MediaDoc[]> {
    return this.#media
      .find({ checkAt: { $lte: new Date() } })
      .sort({ checkAt: 1 })
      .limit(limit)
      .toArray()
  }

  /** Its carriers are there: not to be looked at again, unless another message took it meanwhile. */
  async settle({ _id, checkAt }: MediaDoc): Promise<void> {
    if (checkAt) await this.#media.updateOne({ _id, checkAt }, { $unset: { checkAt: '' } })
  }

  /** When an upload that no message carries is to go. */
  orphanedAt({ createdAt }: MediaDoc): Date {
    return new Date(createdAt.getTime() + this.#orphanMs)
  }

  /** To be looked at again at that time, unless another message took it meanwhile. */
  async postpone({ _id, checkAt }: MediaDoc, until: Date): Promise<void> {
    if (checkAt) await this.#media.updateOne({ _id, checkAt }, { $set: { checkAt: until } })
  }
}

/** Sets compare documents as they are written, the order of their fields included. */
function ordered({ messageId, conversationId }: Carrier): Carrier {
  return { messageId, conversationId }
}
