import type { ConversationStore } from '@earshot/core/conversations/conversation-store'
import type { Fanout } from '@earshot/core/fanout'
import type { MessageStore } from '@earshot/core/messages/message-store'
import type { VoiceJob, VoiceStep } from '@earshot/core/voice/voice-queue'
import { AudioLostError } from '@earshot/core/voice/voice-storer'
import { tellSender, tellVoice } from './tell-voice.ts'

/** What is said of a voice message whose job goes to the dead-letter set. */
export class VoiceFailures {
  readonly #messages: MessageStore
  readonly #conversations: ConversationStore
  readonly #fanout: Fanout

  constructor(deps: { messages: MessageStore; conversations: ConversationStore; fanout: Fanout }) {
    this.#messages = deps.messages
    this.#conversations = deps.conversations
    this.#fanout = deps.fanout
  }

  /** Kept with the message until the step succeeds. The sender is told; of audio that is gone, all who can read it. */
  async note({ messageId }: VoiceJob, step: VoiceStep, error: unknown): Promise<void> {
    const isLost = error instanceof AudioLostError
    if (!(await this.#messages.setVoice(messageId, { failed: isLost ? 'lost' : step }))) return
    const doc = await this.#messages.byId(messageId)
    if (!doc?.voiceMessage) return
    await this.#conversations.refreshLast(doc)
    const tell = isLost ? tellVoice : tellSender
    tell(this.#fanout, 'voice_message_failed', doc)
  }
}
