import { randomBytes } from 'node:crypto'
import type { MediaRecord } from '@earshot/protocol'
import { type MessageDoc, mediaUrl, playbackId } from '../messages/message-doc.ts'

/** A message that carries an upload, and with it the right to read it. */
export interface Carrier {
  messageId: string
  conversationId: string
}

/** An upload as MongoDB has it; its bytes are in the blob store under the same id. */
export interface MediaDoc {
  _id: string
  ownerId: string
  /** `receiving`: its bytes are still coming. `removing`: it is being deleted, nobody sees it any more. */
  state: 'receiving' | 'stored' | 'removing'
  mimeType: string
  /** The container, where the content may be a voice message. */
  audioType?: string
  /** Bytes. */
  size: number
  sha256: string
  name?: string
  width?: number
  height?: number
  carriers: Carrier[]
  createdAt: Date
  /** When the orphan collector is to look at it. Absent once its carriers are known to be there. */
  checkAt?: Date
}

/** 128 random bits: not to be guessed. */
export function newMediaId(): string {
  return randomBytes(16).toString('base64url')
}

/** The id in `/media/<id>`, or `undefined` for any other URL. */
export function mediaIdOf(url: string): string | undefined {
  return /^\/media\/([A-Za-z0-9_-]{1,128})$/.exec(url)?.[1]
}

/** The upload that a message carries, if it carries one. */
export function uploadOf(message: Pick<MessageDoc, 'file' | 'voiceMessage'>): string | undefined {
  return message.file ? mediaIdOf(message.file.url) : message.voiceMessage?.mediaId
}

/**
 * The ids of all media that a message carries: an upload, or recorded audio, which has the message's own id; and what was
 * made of its audio, or is being made.
 */
export function mediaOf(message: Pick<MessageDoc, '_id' | 'file' | 'voiceMessage'>): string[] {
  const upload = uploadOf(message)
  if (message.voiceMessage) return [upload ?? message._id, playbackId(message._id)]
  return upload === undefined ? [] : [upload]
}

/** The wire form. */
export function toMediaRecord(doc: MediaDoc): MediaRecord {
  const { _id, mimeType, size, sha256, name, width, height } = doc
  return {
    _id,
    url: mediaUrl(_id),
    mimeType,
    size,
    sha256,
    ...(name !== undefined && { name }),
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
  }
}
