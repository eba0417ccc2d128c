import { createHash, randomBytes } from 'node:crypto'
import type { FileRef, Message, MessageType, VoiceOutput } from '@earshot/protocol'

/** Where a voice message's audio is: waiting in Redis for the worker, or in the blob store. */
export type AudioPlace = 'staged' | 'stored'

export interface VoiceDoc {
  duration: number
  mimeType: string
  size: number
  sha256: string
  waveform?: number[]
  place: AudioPlace
}

/** A message as MongoDB has it. */
export interface MessageDoc {
  _id: string
  conversationId: string
  seq: number
  sender: { _id: string; name: string }
  recipientId?: string
  groupId?: string
  messageType: MessageType
  content: string
  voiceMessage?: VoiceDoc
  file?: FileRef
  replyTo?: string
  clientMessageId?: string
  /** Hash of what was said: the same key with another content is refused. */
  fingerprint: string
  createdAt: Date
  /** A hole in the numbering that was closed; no message, shown to nobody. */
  isVoid?: true
}

/** A message that has no place in its conversation yet. */
export type MessageDraft = Omit<MessageDoc, 'seq' | 'createdAt'>

/**
 * With an idempotency key, the id is derived from it: the key's uniqueness is that of `_id`, on every
 * MongoDB-wire server and without another index. 128 bits of SHA-256.
 */
export function messageId(senderId: string, clientMessageId: string | undefined): string {
  if (clientMessageId === undefined) return randomBytes(16).toString('base64url')
  const hash = createHash('sha256').update(`${senderId.length}:${senderId}:${clientMessageId}`)
  return hash.digest().subarray(0, 16).toString('base64url')
}

export function fingerprint(parts: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16).toString('base64url')
}

export function mediaUrl(mediaId: string): string {
  return `/media/${mediaId}`
}

export function voiceOutput(messageId: string, voice: VoiceDoc, url = mediaUrl(messageId)): VoiceOutput {
  const { duration, mimeType, size, waveform } = voice
  return { url, duration, mimeType, size, ...(waveform && { waveform }) }
}

/** The wire form of a message. */
export function toMessage(doc: MessageDoc): Message {
  return {
    _id: doc._id,
    conversationId: doc.conversationId,
    seq: doc.seq,
    ...(doc.clientMessageId !== undefined && { clientMessageId: doc.clientMessageId }),
    sender: doc.sender,
    ...(doc.recipientId !== undefined && { recipientId: doc.recipientId }),
    ...(doc.groupId !== undefined && { groupId: doc.groupId }),
    messageType: doc.messageType,
    content: doc.content,
    ...(doc.voiceMessage && { voiceMessage: voiceOutput(doc._id, doc.voiceMessage) }),
    ...(doc.file && { file: doc.file }),
    ...(doc.replyTo !== undefined && { replyTo: doc.replyTo }),
    createdAt: doc.createdAt.toISOString(),
    status: 'sent',
  }
}
