import { createHash } from 'node:crypto'
import { type Collection, type Db, ObjectId, type UpdateFilter } from 'mongodb'
import type { BatchItem } from '../batch-run.ts'
import { putVerified } from '../media/blob-digest.ts'
import type { BlobStore } from '../media/blob-store.ts'
import { mediaUrl } from '../messages/message-doc.ts'
import type { Adoption } from './adopted.ts'
import { firstObjectId } from './adoption-store.ts'
import { inlineFile, inlineFileField } from './carried.ts'
import { parseDataUrl } from './data-url.ts'
import { fieldsOf, type OldMessage, textOf } from './old-docs.ts'

type AdoptedMessage = OldMessage & { earshot?: Adoption }

const pageSize = 500

/**
 * Moves audio and files in base64 out of the documents of the existing system, into the blob store under the message's
 * id, where `GET /media/<id>` finds them as before. Written and read back → the document points at it, in one guarded
 * write. May die anywhere; several may do it at once: what they write is the same.
 */
export class InlineMover {
  readonly #messages: Collection<AdoptedMessage>
  readonly #blobs: BlobStore

  constructor(db: Db, blobs: BlobStore) {
    this.#messages = db.collection<AdoptedMessage>('messages')
    this.#blobs = blobs
  }

  /** Adopted messages that carry something in themselves; by `_id`, a page at a time. */
  async *list(): AsyncGenerator<BatchItem> {
    for (let after = firstObjectId; ; ) {
      const page = await this.#messages
        .find(
          {
            _id: { $gt: after },
            $or: [
              { 'earshot.voice.place': 'inline' },
              { 'earshot.file.url': { $regex: '^/media/' }, 'earshot.filePlace': { $exists: false } },
            ],
          },
          { projection: { 'earshot.voice.size': 1, 'earshot.file': 1 } },
        )
        .sort({ _id: 1 })
        .limit(pageSize)
        .toArray()
      for (const { _id, earshot } of page) {
        // The existing system may have paths of this form, too.
        if (earshot?.file && earshot.file.url !== mediaUrl(_id.toHexString())) continue
        yield { id: _id.toHexString(), size: earshot?.voice?.size ?? earshot?.file?.size ?? 0 }
      }
      const last = page.at(-1)
      if (!last || page.length < pageSize) return
      after = last._id
    }
  }

  /** Returns false when there is nothing to move (any more). */
  async move(messageId: string): Promise<boolean> {
    const _id = ObjectId.createFromHexString(messageId)
    const old = await this.#messages.findOne({ _id })
    if (!old?.earshot) return false
    return old.earshot.voice ? this.#moveVoice(old, old.earshot.voice) : this.#moveFile(old)
  }

  async #moveVoice(old: AdoptedMessage, voice: NonNullable<Adoption['voice']>): Promise<boolean> {
    const url = textOf(fieldsOf(old.voiceMessage)?.url)
    const audio = url === undefined ? undefined : parseDataUrl(url)
    if (!audio || voice.place !== 'inline') return false
    const { bytes } = audio
    const id = old._id.toHexString()
    await putVerified(this.#blobs, id, bytes, voice.mimeType)
    return this.#point(
      old._id,
      { 'earshot.voice.place': 'inline' },
      {
        'earshot.voice.place': 'stored',
        // Should the existing system have changed it since it was adopted: what a player got is what counts.
        'earshot.voice.size': bytes.length,
        'earshot.voice.sha256': createHash('sha256').update(bytes).digest('hex'),
        'voiceMessage.url': mediaUrl(id),
      },
    )
  }

  async #moveFile(old: AdoptedMessage): Promise<boolean> {
    const file = inlineFile(old)
    const field = inlineFileField(old)
    const id = old._id.toHexString()
    if (!file || field === undefined || old.earshot?.file?.url !== mediaUrl(id)) return false
    await putVerified(this.#blobs, id, file.bytes, old.earshot.file.mimeType)
    return this.#point(
      old._id,
      { 'earshot.file.url': mediaUrl(id), 'earshot.filePlace': { $exists: false } },
      { 'earshot.filePlace': 'stored', [field]: mediaUrl(id) },
    )
  }

  /** A deletion takes the blob after it has changed the document: who comes too late for the one takes it back. */
  async #point(_id: ObjectId, guard: object, fields: Record<string, unknown>): Promise<boolean> {
    const update = { $set: fields } as UpdateFilter<AdoptedMessage>
    const { matchedCount } = await this.#messages.updateOne({ _id, ...guard }, update)
    if (matchedCount > 0) return true
    const now = await this.#messages.findOne(
      { _id },
      { projection: { 'earshot.voice': 1, 'earshot.file': 1 } },
    )
    if (!now?.earshot?.voice && !now?.earshot?.file) await this.#blobs.delete(_id.toHexString())
    return false
  }
}
