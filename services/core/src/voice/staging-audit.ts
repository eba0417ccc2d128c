import type { BlobStore } from '../media/blob-store.ts'
import type { MessageStore } from '../messages/message-store.ts'
import type { Logger } from '../observability/logger.ts'
import type { StagedAudio, VoiceStaging } from './staging.ts'
import type { VoiceStoreQueue } from './voice-queue.ts'

const batch = 200

/**
 * Finds staged audio that nobody takes care of: queues it again, or drops it when its message never came to be or says something else. Audio that
 * was acknowledged does not end by its age, however long its job waits for an operator.
 */
export class StagingAudit {
  readonly #staging: VoiceStaging
  readonly #messages: MessageStore
  readonly #blobs: BlobStore
  readonly #queue: VoiceStoreQueue
  readonly #log: Logger
  /** Whether the blob store has answered so far in this run: one that does not is asked once, each time may take long. */
  #isBlobStoreThere = true
  /** Where the next run goes on: those at the front may be there to stay. */
  #offset = 0

  constructor(deps: {
    staging: VoiceStaging
    messages: MessageStore
    blobs: BlobStore
    queue: VoiceStoreQueue
    log: Logger
  }) {
    this.#staging = deps.staging
    this.#messages = deps.messages
    this.#blobs = deps.blobs
    this.#queue = deps.queue
    this.#log = deps.log
  }

  async run(): Promise<void> {
    const found = await this.#staging.settled(this.#offset, batch)
    this.#isBlobStoreThere = true
    let kept = 0
    for (const staged of found) if (await this.#look(staged)) kept++
    this.#offset = found.length < batch ? 0 : this.#offset + kept
  }

  /** Returns whether the audio stays. */
  async #look(staged: StagedAudio): Promise<boolean> {
    const { messageId, sha256 } = staged
    const voice = (await this.#messages.byId(messageId))?.voiceMessage
    if (voice?.place !== 'staged' || voice.sha256 !== sha256 || (await this.#isStored(messageId))) {
      return !(await this.#staging.dropSettled(staged))
    }
    // A job that exists, waiting or dead, is left as it is: its id is the message's.
    const { size, mimeType } = voice
    await this.#queue.addAlone({
      messageId,
      correlationId: `audit-${messageId}`,
      audio: { sha256, size, mimeType },
    })
    await this.#staging.keep(messageId)
    return true
  }

  /** While the blob store does not answer, or refuses to, nothing is dropped for being there. */
  async #isStored(messageId: string): Promise<boolean> {
    if (!this.#isBlobStoreThere) return false
    try {
      return (await this.#blobs.info(messageId)) !== null
    } catch (err) {
      this.#isBlobStoreThere = false
      this.#log.warn({ err, messageId }, 'whether staged audio is stored cannot be known')
      return false
    }
  }
}
