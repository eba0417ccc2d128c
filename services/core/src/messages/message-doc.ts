import { hash, randomBytes } from 'node:crypto'
import type { FileRef, Message, MessageType, Reaction, VoiceFailure, VoiceOutput } from '@earshot/protocol'

/**
 * Where a voice message's audio is: staged in Redis when the message was said, and in the blob store as soon as the worker has put
 * it there, which is noted with the next thing that is noted of it; in the blob store for certain; or in an old document itself.
 */
export type AudioPlace = 'staged' | 'stored' | 'inline'

/** A form of the audio that every browser plays; its blob is `playbackId` of the message. */
export interface PlaybackForm {
  mimeType: string
  size: number
  sha256: string
}

export interface VoiceDoc {
  duration: number
  mimeType: string
  size: number
  sha256: string
  waveform?: number[]
  place: AudioPlace
  /** The upload that the audio is, where it came as one; else it has the message's id. */
  mediaId?: string
  /** The worker has looked into it: measured, and made what follows where there is need. */
  isPrepared?: true
  playback?: PlaybackForm
  transcript?: string
  /** What the worker gave up for now: an operator has it, in the dead-letter set. `lost`: there is no audio any more. */
  failed?: VoiceFailure
}

export interface ReactionDoc {
  userId: string
  emoji: string
  changeSeq: number
  isRemoved: boolean
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
  /** When it got its number, where that was later: it is the existing system's. */
  adoptedAt?: Date
  /** Number of the last change that was applied. */
  changeSeq?: number
  editedAt?: Date
  /** Number of the edit that is shown. */
  editChangeSeq?: number
  deletedAt?: Date
  /** By a key made of user and emoji; one that was taken back stays, with the number of that. */
  reactions?: Record<string, ReactionDoc>
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
  return shortHash(`${senderId.length}:${senderId}:${clientMessageId}`)
}

export function fingerprint(parts: unknown[]): string {
  return shortHash(JSON.stringify(parts))
}

function shortHash(text: string): string {
  return hash('sha256', text, 'buffer').subarray(0, 16).toString('base64url')
}

export function mediaUrl(mediaId: string): string {
  return `/media/${mediaId}`
}

const playbackSuffix = '.m4a'

/** The media id of a message's audio in the form that every browser plays. */
export function playbackId(messageId: string): string {
  return messageId + playbackSuffix
}

/** The message whose playback form this is, or `undefined` for any other media. */
export function messageOfPlayback(mediaId: string): string | undefined {
  return mediaId.endsWith(playbackSuffix) ? mediaId.slice(0, -playbackSuffix.length) : undefined
}

/** @param url where the audio of a message that is being told can be played at once */
export function voiceOutput(messageId: string, voice: VoiceDoc, url?: string): VoiceOutput {
  const { duration, mimeType, size, waveform, playback, transcript, failed } = voice
  const original = { url: mediaUrl(voice.mediaId ?? messageId), mimeType, size }
  const audio = playback
    ? { url: mediaUrl(playbackId(messageId)), mimeType: playback.mimeType, size: playback.size, original }
    : { ...original, ...(url !== undefined && { url }) }
  return {
    ...audio,
    duration,
    ...(waveform && { waveform }),
    ...(transcript !== undefined && { transcript }),
    ...(failed !== undefined && { failed }),
  }
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
    ...(doc.reactions && reactionsOf(doc.reactions)),
    createdAt: doc.createdAt.toISOString(),
    ...(doc.editedAt && { editedAt: doc.editedAt.toISOString() }),
    ...(doc.deletedAt && { deletedAt: doc.deletedAt.toISOString() }),
    status: 'sent',
  }
}

/** By emoji, each with its users in the order they reacted; nothing where none is left. */
function reactionsOf(docs: Record<string, ReactionDoc>): { reactions?: Reaction[] } {
  const standing = Object.values(docs)
    .filter(({ isRemoved }) => !isRemoved)
    .sort((a, b) => a.changeSeq - b.changeSeq)
  if (standing.length === 0) return {}
  const byEmoji = Map.groupBy(standing, ({ emoji }) => emoji)
  return {
    reactions: [...byEmoji].map(([emoji, of]) => ({ emoji, userIds: of.map(({ userId }) => userId) })),
  }
}
