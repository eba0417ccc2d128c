import type { ConversationStore } from '../conversations/conversation-store.ts'
import type { MediaReleaser } from '../media/media-releaser.ts'
import type { MessageStore } from '../messages/message-store.ts'
import type { ChangeApplier } from './change-applier.ts'
import type { ChangeDoc, ChangeStore } from './change-store.ts'

const batch = 200
const settledMs = 10_000

/**
 * Brings a logged change to its end: into the message, into the list of conversations, and its media freed. The node
 * that logged it does so at once; should it die in between, the worker does. Every step may run twice.
 */
export class ChangeFinisher {
  readonly #changes: ChangeStore
  readonly #applier: ChangeApplier
  readonly #messages: MessageStore
  readonly #conversations: ConversationStore
  readonly #media: MediaReleaser

  constructor(deps: {
    changes: ChangeStore
    applier: ChangeApplier
    messages: MessageStore
    conversations: ConversationStore
    media: MediaReleaser
  }) {
    this.#changes = deps.changes
    this.#applier = deps.applier
    this.#messages = deps.messages
    this.#conversations = deps.conversations
    this.#media = deps.media
  }

  async finish(change: ChangeDoc): Promise<void> {
    await this.#applier.apply(change)
    const fresh = await this.#messages.byId(change.messageId)
    if (fresh) await this.#conversations.refreshLast(fresh)
    if (change.kind === 'delete') {
      const { messageId, conversationId } = change
      await this.#media.free(change.mediaIds, { messageId, conversationId })
    }
    await this.#changes.settle(change)
  }

  /** For the worker: what others left. */
  async finishLeft(): Promise<void> {
    for (const change of await this.#changes.leftPending(settledMs, batch)) await this.finish(change)
  }
}
