import { buffer } from 'node:stream/consumers'
import type { ConversationStore } from '../conversations/conversation-store.ts'
import type { BlobStore } from '../media/blob-store.ts'
import type { MessageDoc } from '../messages/message-doc.ts'
import type { MessageStore } from '../messages/message-store.ts'
import type { TranscriptionClient } from './transcription-client.ts'

export interface TranscriptionLimits {
  maxBytes: number
  maxSeconds: number
}

/** Has a voice message written down. Every step may run twice; a message that has its transcript is not asked for again. */
export class VoiceTranscriber {
  readonly #messages: MessageStore
  readonly #conversations: ConversationStore
  readonly #blobs: BlobStore
  readonly #client: TranscriptionClient
  readonly #limits: TranscriptionLimits

  constructor(deps: {
    messages: MessageStore
    conversations: ConversationStore
    blobs: BlobStore
    client: TranscriptionClient
    limits: TranscriptionLimits
  }) {
    this.#messages = deps.messages
    this.#conversations = deps.conversations
    this.#blobs = deps.blobs
    this.#client = deps.client
    this.#limits = deps.limits
  }

  /**
   * Returns the message with its transcript; `undefined` when it is gone, or too long to be transcribed.
   * @throws {TranscriptionRefusedError}
   */
  async transcribe(messageId: string, signal: AbortSignal): Promise<MessageDoc | undefined> {
    const doc = await this.#messages.byId(messageId)
    const voice = doc?.voiceMessage
    if (!voice) return undefined
    if (voice.transcript !== undefined) return doc
    if (voice.size > this.#limits.maxBytes || voice.duration > this.#limits.maxSeconds) return undefined
    const audio = await buffer(this.#blobs.read(voice.mediaId ?? messageId))
    const transcript = await this.#client.transcribe(new Uint8Array(audio), voice.mimeType, signal)
    if (!(await this.#messages.setVoice(messageId, { transcript }))) return undefined
    const fresh = await this.#messages.byId(messageId)
    if (!fresh?.voiceMessage) return undefined
    await this.#conversations.refreshLast(fresh)
    return fresh
  }
}
