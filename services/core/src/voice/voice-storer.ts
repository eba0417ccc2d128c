import { Gatherer } from '../gatherer.ts'
import type { BlobStore } from '../media/blob-store.ts'
import type { MessageDoc } from '../messages/message-doc.ts'
import type { MessageStore } from '../messages/message-store.ts'
import type { Semaphore } from '../semaphore.ts'
import type { VoiceStaging } from './staging.ts'
import type { RecordedAudio, VoiceJob } from './voice-queue.ts'

/** The audio of a message is neither staged nor stored; trying again will not help. */
export class AudioLostError extends Error {
  override readonly name = 'AudioLostError'
}

/** Carries a message's audio from staging to the blob store. Every step may run twice. */
export class VoiceStorer {
  readonly #messages: MessageStore
  readonly #staging: VoiceStaging
  readonly #blobs: BlobStore
  readonly #memory: Semaphore
  readonly #leaving: AbortSignal
  /** Of messages that are stored at the same time, together. */
  readonly #docs: Gatherer<string, MessageDoc | undefined>
  readonly #starts: Gatherer<string, void>

  constructor(deps: {
    messages: MessageStore
    staging: VoiceStaging
    blobs: BlobStore
    /** For audio in memory, bytes. */
    memory: Semaphore
    /** Aborted when this process leaves: what has not begun then is left to others. */
    leaving: AbortSignal
    /** In a storm jobs begin together, this far apart, so that they share commands all the way. ms */
    pauseMs: number
  }) {
    this.#messages = deps.messages
    this.#staging = deps.staging
    this.#blobs = deps.blobs
    this.#memory = deps.memory
    this.#leaving = deps.leaving
    this.#docs = new Gatherer((ids) => this.#messages.byIds(ids), undefined)
    this.#starts = new Gatherer(async () => new Map(), undefined, { pauseMs: deps.pauseMs })
  }

  /**
   * Returns the message, whose audio is in the blob store now; `undefined` when there is no such message (any more).
   * @throws {AudioLostError}; why this process leaves, when it does before the audio was fetched
   */
  async store({ messageId, audio }: VoiceJob): Promise<MessageDoc | undefined> {
    await this.#starts.ask(messageId)
    const recorded = audio ?? (await this.#recorded(messageId))
    const isHere = recorded !== undefined && (await this.#carry(messageId, recorded))
    // Read when the blob is there: who deletes the message after this finds it, who did before is found here.
    const doc = await this.#docs.ask(messageId)
    if (!doc?.voiceMessage) return this.#takeBack(messageId)
    const { place, failed, ...voice } = doc.voiceMessage
    if (place === 'staged' && !isHere && !(await this.#blobs.info(messageId))) {
      throw new AudioLostError('the audio is neither staged nor stored')
    }
    if (failed !== undefined && !(await this.#messages.setVoice(messageId, { place: 'stored' }))) {
      return this.#takeBack(messageId)
    }
    await this.#staging.drop(messageId, voice.sha256)
    return { ...doc, voiceMessage: { ...voice, place: 'stored' } }
  }

  /** For a job that does not say. */
  async #recorded(messageId: string): Promise<RecordedAudio | undefined> {
    const voice = (await this.#docs.ask(messageId))?.voiceMessage
    return voice?.place === 'staged' ? voice : undefined
  }

  /** Returns whether it was staged. */
  #carry(messageId: string, { sha256, size, mimeType }: RecordedAudio): Promise<boolean> {
    return this.#memory.run(async () => {
      this.#leaving.throwIfAborted()
      const bytes = await this.#staging.read({ messageId, sha256 })
      if (bytes) await this.#blobs.put(messageId, bytes, mimeType)
      return bytes !== null
    }, size)
  }

  /** The message was deleted, before or while its audio was stored. */
  async #takeBack(messageId: string): Promise<undefined> {
    await this.#blobs.delete(messageId)
    await this.#staging.drop(messageId)
  }
}
