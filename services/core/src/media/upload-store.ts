import type { Collection, Db } from 'mongodb'

/** A piece of a resumable upload: what one request brought, a blob of its own. */
export interface UploadPart {
  key: string
  /** Bytes. */
  size: number
}

/** A resumable upload as MongoDB has it. The media that it becomes has the same id. */
export interface UploadDoc {
  _id: string
  ownerId: string
  /** Bytes, in all and so far. */
  length: number
  offset: number
  /** The client's metadata, in its order. */
  metadata: { key: string; value: string | null }[]
  parts: UploadPart[]
  /** Key of the part that is being written. */
  writing?: string
  /** Key of one that was being written and is given up, until its bytes are gone. */
  left?: string
  /** Its media is stored. */
  isFinished?: true
  createdAt: Date
  expiresAt: Date
}

/** Resumable uploads in MongoDB. Every step is a compare-and-set, whatever has become of the lock. */
export class UploadStore {
  readonly #uploads: Collection<UploadDoc>

  constructor(db: Db) {
    this.#uploads = db.collection<UploadDoc>('uploads')
  }

  async create(doc: UploadDoc): Promise<void> {
    await this.#uploads.insertOne(doc)
  }

  async byId(uploadId: string): Promise<UploadDoc | null> {
    return this.#uploads.findOne({ _id: uploadId })
  }

  /**
   * From then on a part that was being written cannot end any more: it is `left`. Returns false when the upload is no longer as it was.
   * @param doc as it was read
   */
  async startPart({ _id, offset, writing }: UploadDoc, key: string): Promise<boolean> {
    const { matchedCount } = await this.#uploads.updateOne(
      { _id, offset, writing: writing ?? { $exists: false } },
      { $set: { writing: key, ...(writing !== undefined && { left: writing }) } },
    )
    return matchedCount > 0
  }

  /** Returns false when another part was started in this one's place. */
  async endPart(uploadId: string, offset: number, part: UploadPart): Promise<boolean> {
    const { matchedCount } = await this.#uploads.updateOne(
      { _id: uploadId, offset, writing: part.key },
      { $push: { parts: part }, $set: { offset: offset + part.size }, $unset: { writing: '', left: '' } },
    )
    return matchedCount > 0
  }

  async dropPart(uploadId: string, key: string): Promise<void> {
    await this.#uploads.updateOne({ _id: uploadId, writing: key }, { $unset: { writing: '', left: '' } })
  }

  async finished(uploadId: string): Promise<void> {
    await this.#uploads.updateOne({ _id: uploadId }, { $set: { isFinished: true } })
  }

  async forgetParts(uploadId: string): Promise<void> {
    await this.#uploads.updateOne({ _id: uploadId }, { $set: { parts: [] } })
  }

  async expired(limit: number): Promise<UploadDoc[]> {
    return this.#uploads
      .find({ expiresAt: { $lte: new Date() } })
      .limit(limit)
      .toArray()
  }

  async delete(uploadId: string): Promise<void> {
    await this.#uploads.deleteOne({ _id: uploadId })
  }
}
