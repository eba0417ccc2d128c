import type { BlobStore } from '../media/blob-store.ts'
import type { MessageDoc } from '../messages/message-doc.ts'
import type { AcceptedVoice } from './intake.ts'
import type { VoiceStaging } from './staging.ts'
import type { VoiceQueue } from './voice-queue.ts'

/** The voice part of a send: the audio is safe before the message is, and queued before it is acknowledged. */
export class VoiceSender {
  readonly #staging: VoiceStaging
  readonly #queue: VoiceQueue
  readonly #blobs: BlobStore

  constructor(deps: { staging: VoiceStaging; queue: VoiceQueue; blobs: BlobStore }) {
    this.#staging = deps.staging
    this.#queue = deps.queue
    this.#blobs = deps.blobs
  }

  /** Before the commit. Puts the audio where it survives and notes the place. */
  async keep(messageId: string, accepted: AcceptedVoice): Promise<void> {
    if (await this.#staging.stage(messageId, accepted.bytes)) return
    await this.#blobs.put(messageId, accepted.bytes, accepted.voice.mimeType)
    accepted.voice.place = 'stored'
  }

  /** After the commit. */
  async committed(doc: MessageDoc, correlationId: string): Promise<void> {
    if (doc.voiceMessage?.place === 'staged') await this.#queue.add({ messageId: doc._id, correlationId })
  }
}
