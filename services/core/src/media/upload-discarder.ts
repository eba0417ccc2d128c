import type { BlobStore } from './blob-store.ts'
import type { UploadLocks } from './upload-locks.ts'
import type { UploadDoc, UploadStore } from './upload-store.ts'

/** Removes resumable uploads: given up, refused, or past their time. May run twice. */
export class UploadDiscarder {
  readonly #store: UploadStore
  readonly #blobs: BlobStore
  readonly #locks: UploadLocks

  constructor(deps: { store: UploadStore; blobs: BlobStore; locks: UploadLocks }) {
    this.#store = deps.store
    this.#blobs = deps.blobs
    this.#locks = deps.locks
  }

  /** The record last: it says what there is to delete. */
  async discard(doc: UploadDoc): Promise<void> {
    await this.deleteParts(doc)
    await this.#store.delete(doc._id)
  }

  async deleteParts(doc: UploadDoc): Promise<void> {
    for (const key of [doc.writing, doc.left]) if (key !== undefined) await this.#blobs.delete(key)
    for (const { key } of doc.parts) await this.#blobs.delete(key)
  }

  /** Those past their time, finished ones too: their media has a time of its own. */
  async expire(limit: number): Promise<void> {
    for (const doc of await this.#store.expired(limit)) {
      await this.discard(doc)
      // Left by a node that died.
      await this.#locks.forget(doc._id)
    }
  }
}
