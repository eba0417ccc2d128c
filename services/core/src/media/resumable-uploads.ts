import { randomBytes } from 'node:crypto'
import { CodedError } from '@earshot/protocol'
import type { BlobStore } from './blob-store.ts'
import { Meter } from './byte-source.ts'
import type { MediaIntake } from './media-intake.ts'
import type { UploadDiscarder } from './upload-discarder.ts'
import type { UploadLocks } from './upload-locks.ts'
import type { UploadDoc, UploadStore } from './upload-store.ts'

/** A client that sends less at a time than this allows is refused further pieces. */
const maxParts = 10_000

/**
 * Uploads in several requests, which any node takes. Each request's bytes become a part, a blob of its own; the parts
 * of a complete upload are streamed into one blob, which is the media.
 *
 * Who writes holds the upload's lock; should two write at once all the same, one of them has its part refused.
 */
export class ResumableUploads {
  readonly #store: UploadStore
  readonly #blobs: BlobStore
  readonly #intake: MediaIntake
  readonly #discarder: UploadDiscarder
  readonly #locks: UploadLocks
  /** How long an upload lives from its creation on. */
  readonly ttlMs: number

  constructor(deps: {
    store: UploadStore
    blobs: BlobStore
    intake: MediaIntake
    discarder: UploadDiscarder
    locks: UploadLocks
    ttlMs: number
  }) {
    this.#store = deps.store
    this.#blobs = deps.blobs
    this.#intake = deps.intake
    this.#discarder = deps.discarder
    this.#locks = deps.locks
    this.ttlMs = deps.ttlMs
  }

  async create(
    upload: Pick<UploadDoc, '_id' | 'ownerId' | 'length' | 'metadata' | 'createdAt'>,
  ): Promise<void> {
    const expiresAt = new Date(upload.createdAt.getTime() + this.ttlMs)
    await this.#store.create({ ...upload, offset: 0, parts: [], expiresAt })
  }

  /** @throws {CodedError} `NOT_FOUND`, for those of others too */
  async find(ownerId: string, uploadId: string): Promise<UploadDoc> {
    const doc = await this.#store.byId(uploadId)
    if (doc?.ownerId !== ownerId) throw new CodedError('NOT_FOUND', 'There is no such upload.')
    return doc
  }

  /**
   * Stores what comes, also when it breaks off. Returns the new offset.
   * @throws {CodedError} `NOT_FOUND`; `CONFLICT` when the upload is not at this offset; `BAD_REQUEST`, `TOO_LARGE`
   */
  async append(
    ownerId: string,
    uploadId: string,
    offset: number,
    source: AsyncIterable<Uint8Array>,
  ): Promise<number> {
    const doc = await this.find(ownerId, uploadId)
    if (doc.parts.length >= maxParts) {
      throw new CodedError('BAD_REQUEST', `An upload has ${maxParts} pieces at most: send larger ones.`)
    }
    if (doc.offset !== offset) throw moved()
    if (doc.left !== undefined) await this.#blobs.delete(doc.left)
    const key = `${uploadId}.${randomBytes(9).toString('base64url')}`
    if (!(await this.#store.startPart(doc, key))) throw moved()
    // By a node that died, or by one that lost the lock and finds its part refused from now on: not before.
    if (doc.writing !== undefined) await this.#blobs.delete(doc.writing)
    const meter = new Meter()
    const bytes = untilItBreaks(meter.through(source, doc.length - offset))
    await this.#blobs.put(key, bytes, 'application/octet-stream')
    if (meter.size > doc.length - offset || meter.size === 0) {
      await this.#blobs.delete(key)
      await this.#store.dropPart(uploadId, key)
      if (meter.size > 0) throw new CodedError('TOO_LARGE', 'There is more than the upload was said to have.')
      return offset
    }
    if (await this.#store.endPart(uploadId, offset, { key, size: meter.size })) return offset + meter.size
    await this.#blobs.delete(key)
    throw moved()
  }

  /**
   * Makes the media of a complete upload, once: later calls do nothing. It has the upload's id.
   * @throws {CodedError} `NOT_FOUND`, `CONFLICT` when it is not complete, and what the intake refuses it with; then
   * the upload is gone; `RETRY_LATER` while another request makes it
   */
  async finish(ownerId: string, uploadId: string): Promise<void> {
    if ((await this.find(ownerId, uploadId)).isFinished) return
    const release = await this.#locks.take(uploadId)
    try {
      await this.#finish(await this.find(ownerId, uploadId))
    } finally {
      await release()
    }
  }

  async #finish(doc: UploadDoc): Promise<void> {
    if (doc.isFinished) return
    if (doc.offset !== doc.length) throw new CodedError('CONFLICT', 'The upload is not complete.')
    await this.#assemble(doc)
    await this.#store.finished(doc._id)
    await this.#discarder.deleteParts(doc)
    await this.#store.forgetParts(doc._id)
  }

  async remove(ownerId: string, uploadId: string): Promise<void> {
    await this.#discarder.discard(await this.find(ownerId, uploadId))
  }

  async #assemble(doc: UploadDoc): Promise<void> {
    const metadata = new Map(doc.metadata.map(({ key, value }) => [key, value]))
    try {
      await this.#intake.assemble(doc._id, this.#bytes(doc), {
        ownerId: doc.ownerId,
        name: metadata.get('filename') ?? metadata.get('name') ?? undefined,
        declaredType: metadata.get('filetype') ?? metadata.get('type') ?? undefined,
      })
    } catch (error) {
      const isRefused = error instanceof CodedError && error.code !== 'RETRY_LATER'
      if (isRefused) await this.#discarder.discard(doc)
      throw error
    }
  }

  async *#bytes(doc: UploadDoc): AsyncGenerator<Uint8Array> {
    for (const { key } of doc.parts) yield* this.#blobs.read(key)
  }
}

/** What came before a connection broke is worth keeping: the end of the source is where it broke. */
async function* untilItBreaks(source: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (;;) {
    const next = await source.next().catch(() => ({ done: true as const, value: undefined }))
    if (next.done) return
    yield next.value
  }
}

function moved(): CodedError {
  return new CodedError('CONFLICT', 'The upload is not at this offset.')
}
