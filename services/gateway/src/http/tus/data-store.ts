import type { Readable } from 'node:stream'
import type { ResumableUploads } from '@earshot/core/media/resumable-uploads'
import { CodedError } from '@earshot/protocol'
import { DataStore, Upload } from '@tus/server'

/** One user's resumable uploads, as the tus library sees them. Those of others are not there. */
export class TusDataStore extends DataStore {
  override extensions = ['creation', 'creation-with-upload', 'expiration', 'termination']
  readonly #uploads: ResumableUploads
  readonly #ownerId: string

  constructor(uploads: ResumableUploads, ownerId: string) {
    super()
    this.#uploads = uploads
    this.#ownerId = ownerId
  }

  override async create(upload: Upload): Promise<Upload> {
    if (upload.size === undefined) throw new CodedError('BAD_REQUEST', 'Upload-Length is missing.')
    await this.#uploads.create({
      _id: upload.id,
      ownerId: this.#ownerId,
      length: upload.size,
      metadata: Object.entries(upload.metadata ?? {}).map(([key, value]) => ({ key, value })),
      createdAt: upload.creation_date ? new Date(upload.creation_date) : new Date(),
    })
    return upload
  }

  override async getUpload(id: string): Promise<Upload> {
    const { length, offset, metadata, createdAt } = await this.#uploads.find(this.#ownerId, id)
    return new Upload({
      id,
      size: length,
      offset,
      ...(metadata.length > 0 && {
        metadata: Object.fromEntries(metadata.map(({ key, value }) => [key, value])),
      }),
      creation_date: createdAt.toISOString(),
    })
  }

  override async write(stream: Readable, id: string, offset: number): Promise<number> {
    return this.#uploads.append(this.#ownerId, id, offset, stream)
  }

  override async remove(id: string): Promise<void> {
    await this.#uploads.remove(this.#ownerId, id)
  }

  /** Milliseconds from the creation on. */
  override getExpiration(): number {
    return this.#uploads.ttlMs
  }
}
