import type { MessageStore } from '../messages/message-store.ts'
import type { VoiceStaging } from './staging.ts'
import type { VoiceQueue } from './voice-queue.ts'

const batch = 200
/** A send takes less; what is older and has no job was left by a node that died between two steps. */
const settledMs = 60_000

/** Finds staged audio that nobody takes care of: queues it again, or drops it when its message never came to be. */
export class StagingAudit {
  readonly #staging: VoiceStaging
  readonly #messages: MessageStore
  readonly #queue: VoiceQueue

  constructor(deps: { staging: VoiceStaging; messages: MessageStore; queue: VoiceQueue }) {
    this.#staging = deps.staging
    this.#messages = deps.messages
    this.#queue = deps.queue
  }

  async run(): Promise<void> {
    for (const messageId of await this.#staging.olderThan(settledMs, batch)) {
      const doc = await this.#messages.byId(messageId)
      // A job that exists, waiting or dead, is left as it is: its id is the message's.
      if (doc?.voiceMessage?.place === 'staged') {
        await this.#queue.add({ messageId, correlationId: `audit-${messageId}` })
      } else {
        await this.#staging.drop(messageId)
      }
    }
  }
}
