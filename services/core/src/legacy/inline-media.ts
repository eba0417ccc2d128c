import type { Collection, Db } from 'mongodb'
import { toDbId } from '../clients/mongo.ts'
import { type MessageDoc, mediaUrl } from '../messages/message-doc.ts'
import { inlineFile } from './carried.ts'
import { parseDataUrl } from './data-url.ts'
import { fieldsOf, type OldMessage, textOf } from './old-docs.ts'

export interface InlineContent {
  mimeType: string
  sha256: string
  name?: string
  bytes: Buffer
}

/** Audio and files that are in the documents of the existing system themselves, in base64. */
export class InlineMedia {
  readonly #messages: Collection<OldMessage>

  constructor(db: Db) {
    this.#messages = db.collection<OldMessage>('messages')
  }

  /** `null` when the message carries nothing in itself. */
  async read(doc: MessageDoc): Promise<InlineContent | null> {
    const isVoice = doc.voiceMessage?.place === 'inline'
    if (!isVoice && doc.file?.url !== mediaUrl(doc._id)) return null
    const _id = toDbId(doc._id)
    if (typeof _id === 'string') return null
    const old = await this.#messages.findOne(
      { _id },
      { projection: { voiceMessage: 1, file: 1, fileUrl: 1 } },
    )
    if (!old) return null
    if (doc.voiceMessage) {
      const url = textOf(fieldsOf(old.voiceMessage)?.url)
      const audio = url === undefined ? undefined : parseDataUrl(url)
      return audio
        ? { bytes: audio.bytes, mimeType: doc.voiceMessage.mimeType, sha256: doc.voiceMessage.sha256 }
        : null
    }
    const file = inlineFile(old)
    // What an id names never changes, so that the id serves for its hash.
    return file && doc.file
      ? { bytes: file.bytes, mimeType: doc.file.mimeType, name: doc.file.name, sha256: doc._id }
      : null
  }
}
