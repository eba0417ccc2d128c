import type { MessageDoc } from '../messages/message-doc.ts'
import type { ConversationStore } from './conversation-store.ts'

/** Write-behind for conversation heads: of many messages in a conversation, only the last is written. */
export class ConversationHeads {
  readonly #store: ConversationStore
  #waiting = new Map<string, MessageDoc>()

  constructor(store: ConversationStore) {
    this.#store = store
  }

  note(message: MessageDoc): void {
    const waiting = this.#waiting.get(message.conversationId)
    if (!waiting || waiting.seq < message.seq) this.#waiting.set(message.conversationId, message)
  }

  async flush(): Promise<void> {
    const batch = this.#waiting
    if (batch.size === 0) return
    this.#waiting = new Map()
    try {
      await this.#store.advance([...batch.values()])
    } catch (error) {
      for (const message of batch.values()) this.note(message)
      throw error
    }
  }
}
