import { Gatherer } from '../gatherer.ts'
import type { BlobStore } from '../media/blob-store.ts'
import type { MessageDoc } from '../messages/message-doc.ts'
import type { MessageStore } from '../messages/message-store.ts'
import type { VoiceStaging } from './staging.ts'

/** The audio of a message is neither staged nor stored; trying again will not help. */
export class AudioLostError extends Error {
  override readonly name = 'AudioLostError'
}

/** Carries a message's audio from staging to the blob store. Every step may run twice. */
export class VoiceStorer {
  readonly #messages: MessageStore
  readonly #staging: VoiceStaging
  readonly #blobs: BlobStore
  /** Of messages that are stored at the same time, together. */
  readonly #docs: Gatherer<string, MessageDoc | undefined>
  readonly #stored: Gatherer<string, boolean>

  constructor(deps: { messages: MessageStore; staging: VoiceStaging; blobs: BlobStore }) {
    this.#messages = deps.messages
    this.#staging = deps.staging
    this.#blobs = deps.blobs
    this.#docs = new Gatherer((ids) => this.#messages.byIds(ids), undefined)
    this.#stored = new Gatherer((ids) => this.#messages.setVoices(ids, { place: 'stored' }), false)
  }

  /**
   * Returns the message, whose audio is in the blob store now; `undefined` when there is no such message (any more).
   * @throws {AudioLostError}
   */
  async store(messageId: string): Promise<MessageDoc | undefined> {
    const doc = await this.#docs.ask(messageId)
    if (!doc?.voiceMessage) {
      // Stored, perhaps, by one who died before the message was found deleted.
      await this.#blobs.delete(messageId)
      await this.#staging.drop(messageId)
      return undefined
    }
    const { place, failed, ...voice } = doc.voiceMessage
    if (place === 'staged') {
      const bytes = await this.#staging.read({ messageId, sha256: voice.sha256 })
      if (bytes) await this.#blobs.put(messageId, bytes, voice.mimeType)
      else if (!(await this.#blobs.info(messageId))) {
        throw new AudioLostError('the audio is neither staged nor stored')
      }
    }
    if (place === 'staged' || failed !== undefined) {
      if (!(await this.#stored.ask(messageId))) {
        // Deleted while it was being stored.
        await this.#blobs.delete(messageId)
        await this.#staging.drop(messageId)
        return undefined
      }
    }
    await this.#staging.drop(messageId, voice.sha256)
    return { ...doc, voiceMessage: { ...voice, place: 'stored' } }
  }
}
