import type { MessageStore } from '../messages/message-store.ts'
import type { BlobStore } from './blob-store.ts'
import { type MediaDoc, uploadOf } from './media-doc.ts'
import type { MediaReleaser } from './media-releaser.ts'
import { type MediaStore, receivingMs } from './media-store.ts'
import type { UploadDiscarder } from './upload-discarder.ts'

/** Most records that one run looks at; the next run takes the next ones. */
const batch = 500
const sweepEveryMs = 3_600_000

/**
 * Removes uploads that no message carries, what broken-off uploads left, and attachments to messages that never came
 * to be. Several workers may do it at once.
 */
export class OrphanCollector {
  readonly #store: MediaStore
  readonly #messages: MessageStore
  readonly #releaser: MediaReleaser
  readonly #uploads: UploadDiscarder
  readonly #blobs: BlobStore
  #nextSweepAt = 0

  constructor(deps: {
    store: MediaStore
    messages: MessageStore
    releaser: MediaReleaser
    uploads: UploadDiscarder
    blobs: BlobStore
  }) {
    this.#store = deps.store
    this.#messages = deps.messages
    this.#releaser = deps.releaser
    this.#uploads = deps.uploads
    this.#blobs = deps.blobs
  }

  async run(): Promise<void> {
    await this.#uploads.expire(batch)
    for (const doc of await this.#store.due(batch)) await this.#look(doc)
    const now = Date.now()
    if (now < this.#nextSweepAt) return
    await this.#blobs.sweep(new Date(now - receivingMs))
    this.#nextSweepAt = now + sweepEveryMs
  }

  async #look(doc: MediaDoc): Promise<void> {
    if (doc.state !== 'stored') {
      await this.#releaser.remove(doc._id)
      return
    }
    let carried = false
    for (const carrier of doc.carriers) {
      const message = await this.#messages.byId(carrier.messageId)
      // The key may be that of a message to somebody else, who alone may read it.
      const isTheirs = message?.conversationId === carrier.conversationId
      if (isTheirs && uploadOf(message) === doc._id) carried = true
      else await this.#store.takeBack(doc, carrier)
    }
    if (carried) {
      await this.#store.settle(doc)
      return
    }
    // An attachment that came to nothing leaves its upload the time that it had.
    const orphanedAt = this.#store.orphanedAt(doc)
    if (orphanedAt <= new Date()) await this.#releaser.remove(doc._id)
    else await this.#store.postpone(doc, orphanedAt)
  }
}
