import { Readable } from 'node:stream'
import type { MediaIntake } from '../media/media-intake.ts'
import type { MediaLibrary } from '../media/media-library.ts'
import type { MessageDoc, MessageDraft } from '../messages/message-doc.ts'
import type { Logger } from '../observability/logger.ts'
import type { AcceptedVoice } from './intake.ts'
import type { VoiceStaging } from './staging.ts'
import { voiceFileName } from './voice-file-name.ts'
import type { VoiceQueues } from './voice-queues.ts'

/** The voice part of a send: the audio is safe before the message is, and queued before it is acknowledged. */
export class VoiceSender {
  readonly #staging: VoiceStaging
  readonly #queues: VoiceQueues
  readonly #intake: MediaIntake
  readonly #library: MediaLibrary
  readonly #log: Logger

  constructor(deps: {
    staging: VoiceStaging
    queues: VoiceQueues
    /** For audio that finds no room in staging. */
    intake: MediaIntake
    library: MediaLibrary
    log: Logger
  }) {
    this.#log = deps.log
    this.#staging = deps.staging
    this.#queues = deps.queues
    this.#intake = deps.intake
    this.#library = deps.library
  }

  /**
   * Before the commit. Puts the audio where it survives and notes the place; an upload is attached. Without room in
   * staging the audio becomes an upload of the sender's: what then never becomes a message is found and removed.
   */
  async keep(
    { _id: messageId, conversationId, sender }: MessageDraft,
    accepted: AcceptedVoice,
  ): Promise<void> {
    const { source, voice } = accepted
    const carrier = { messageId, conversationId }
    const field = 'voiceMessage.url'
    if (!Buffer.isBuffer(source)) {
      await this.#library.attach(source, carrier, field)
      return
    }
    if (await this.#staging.stage({ messageId, sha256: voice.sha256 }, source)) return
    const upload = await this.#intake.receive(Readable.from([source]), {
      ownerId: sender._id,
      declaredType: voice.mimeType,
      name: voiceFileName(new Date(), voice.mimeType),
    })
    await this.#library.attach(upload, carrier, field)
    voice.place = 'stored'
    voice.mediaId = upload._id
  }

  /**
   * After the commit. What was recorded is still to be stored, or at least told to be; what was uploaded, to be looked into.
   * @param isRecorded whether the audio came with the message
   */
  async committed(doc: MessageDoc, isRecorded: boolean, correlationId: string): Promise<void> {
    const voice = doc.voiceMessage
    if (!voice || voice.isPrepared) return
    const { store, prepare } = this.#queues
    const { place, sha256, size, mimeType } = voice
    const queue = isRecorded || place === 'staged' ? store : prepare
    const audio = place === 'staged' ? { audio: { sha256, size, mimeType } } : {}
    await queue.add({ messageId: doc._id, correlationId, ...audio })
    this.#log.info({ messageId: doc._id, userId: doc.sender._id, correlationId }, 'voice queued')
  }
}
