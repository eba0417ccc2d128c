import type { BlobStore } from '../media/blob-store.ts'
import type { MediaLibrary } from '../media/media-library.ts'
import type { MessageDoc, MessageDraft } from '../messages/message-doc.ts'
import type { Logger } from '../observability/logger.ts'
import type { AcceptedVoice } from './intake.ts'
import type { VoiceStaging } from './staging.ts'
import type { VoiceQueues } from './voice-queues.ts'

/** The voice part of a send: the audio is safe before the message is, and queued before it is acknowledged. */
export class VoiceSender {
  readonly #staging: VoiceStaging
  readonly #queues: VoiceQueues
  readonly #blobs: BlobStore
  readonly #library: MediaLibrary
  readonly #log: Logger

  constructor(deps: {
    staging: VoiceStaging
    queues: VoiceQueues
    blobs: BlobStore
    library: MediaLibrary
    log: Logger
  }) {
    this.#log = deps.log
    this.#staging = deps.staging
    this.#queues = deps.queues
    this.#blobs = deps.blobs
    this.#library = deps.library
  }

  /** Before the commit. Puts the audio where it survives and notes the place; an upload is attached. */
  async keep({ _id: messageId, conversationId }: MessageDraft, accepted: AcceptedVoice): Promise<void> {
    const { source, voice } = accepted
    if (!Buffer.isBuffer(source)) {
      await this.#library.attach(source, { messageId, conversationId }, 'voiceMessage.url')
      return
    }
    if (await this.#staging.stage(messageId, source)) return
    await this.#blobs.put(messageId, source, voice.mimeType)
    voice.place = 'stored'
  }

  /** After the commit. What was staged is still to be stored; what is stored already, to be looked into. */
  async committed(doc: MessageDoc, correlationId: string): Promise<void> {
    const voice = doc.voiceMessage
    if (!voice || voice.isPrepared) return
    const { store, prepare } = this.#queues
    await (voice.place === 'staged' ? store : prepare).add({ messageId: doc._id, correlationId })
    this.#log.info({ messageId: doc._id, userId: doc.sender._id, correlationId }, 'voice queued')
  }
}
