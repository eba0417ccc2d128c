import { CodedError } from '@earshot/protocol'
import type { Logger } from '../observability/logger.ts'
import type { BlobStore } from './blob-store.ts'
import { Meter, peek } from './byte-source.ts'
import { contentFacts, headBytes } from './content-facts.ts'
import { safeFileName } from './file-name.ts'
import { type MediaDoc, newMediaId } from './media-doc.ts'
import type { MediaStore } from './media-store.ts'
import type { TypePolicy } from './type-policy.ts'

export interface Incoming {
  ownerId: string
  name?: string | undefined
  /** The sender's word for the type, of little weight. */
  declaredType?: string | undefined
}

/** Takes an upload in: measured, typed and hashed while it streams into the blob store. */
export class MediaIntake {
  readonly #store: MediaStore
  readonly #blobs: BlobStore
  readonly #types: TypePolicy
  readonly #maxBytes: number
  readonly #log: Logger

  constructor(deps: {
    store: MediaStore
    blobs: BlobStore
    types: TypePolicy
    /** Bytes of one file. */
    maxBytes: number
    log: Logger
  }) {
    this.#store = deps.store
    this.#blobs = deps.blobs
    this.#types = deps.types
    this.#maxBytes = deps.maxBytes
    this.#log = deps.log
  }

  /**
   * Resolves when the upload is durable. One that breaks off or is refused leaves nothing.
   * @throws {CodedError} `TOO_LARGE`, `UNSUPPORTED_MEDIA`, `BAD_REQUEST` for an empty one; whatever the source throws
   */
  async receive(source: AsyncIterable<Uint8Array>, incoming: Incoming): Promise<MediaDoc> {
    const mediaId = newMediaId()
    try {
      return await this.#take(mediaId, source, incoming)
    } catch (error) {
      await this.#discard(mediaId)
      throw error
    }
  }

  /**
   * Makes an upload of bytes that are kept already. May be done again with the same id and the same bytes, even at
   * once: what a failure leaves is completed by the next try, or removed by the orphan collector.
   * @throws {CodedError} as `receive`
   */
  async assemble(mediaId: string, source: AsyncIterable<Uint8Array>, incoming: Incoming): Promise<MediaDoc> {
    return (await this.#store.byId(mediaId)) ?? this.#take(mediaId, source, incoming)
  }

  async #take(mediaId: string, source: AsyncIterable<Uint8Array>, incoming: Incoming): Promise<MediaDoc> {
    const meter = new Meter()
    const { head, all } = await peek(meter.through(source, this.#maxBytes), headBytes)
    if (head.length === 0) throw new CodedError('BAD_REQUEST', 'The file is empty.')
    const facts = await contentFacts(head, incoming.declaredType)
    this.#types.check(facts.mimeType)
    const name = safeFileName(incoming.name)
    await this.#store.begin({
      _id: mediaId,
      ownerId: incoming.ownerId,
      ...facts,
      ...(name !== undefined && { name }),
    })
    await this.#blobs.put(mediaId, all, facts.mimeType)
    const doc = await this.#store.finish(mediaId, { size: meter.size, sha256: meter.sha256() })
    if (!doc) throw new CodedError('RETRY_LATER', 'The upload took too long.', { retryAfterMs: 1_000 })
    return doc
  }

  /** The record last: while there is one the collector looks for the blob, and at once. */
  async #discard(mediaId: string): Promise<void> {
    try {
      await this.#store.condemn(mediaId)
      await this.#blobs.delete(mediaId)
      await this.#store.delete(mediaId)
    } catch (err) {
      this.#log.warn({ err, mediaId }, 'a broken-off upload is left to the orphan collector')
    }
  }
}
