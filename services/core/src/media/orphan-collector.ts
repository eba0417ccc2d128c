import type { MessageStore } from '../messages/message-store.ts'
import { type MediaDoc, uploadOf } from './media-doc.ts'
import type { MediaReleaser } from './media-releaser.ts'
import type { MediaStore } from './media-store.ts'
import type { UploadDiscarder } from './upload-discarder.ts'

/** Most records that one run looks at; the next run takes the next ones. */
const batch = 500

/**
 * Removes uploads that no message carries, what broken-off uploads left, and attachments to messages that never came
 * to be. Several workers may do it at once.
 */
export class OrphanCollector {
  readonly #store: MediaStore
  readonly #messages: MessageStore
  readonly #releaser: MediaReleaser
  readonly #uploads: UploadDiscarder

  constructor(deps: {
    store: MediaStore
    messages: MessageStore
    releaser: MediaReleaser
    uploads: UploadDiscarder
  }) {
    this.#store = deps.store
    this.#messages = deps.messages
    this.#releaser = deps.releaser
    this.#uploads = deps.uploads
  }

  async run(): Promise<void> {
    await this.#uploads.expire(batch)
    for (const doc of await this.#store.due(batch)) await this.#look(doc)
  }

  async #look(doc: MediaDoc): Promise<void> {
    if (doc.state !== 'stored') {
      await this.#releaser.remove(doc._id)
      return
    }
    let carried = false
    for (const carrier of doc.carriers) {
      const message = await this.#messages.byId(carrier.messageId)
      if (message && uploadOf(message) === doc._id) carried = true
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
