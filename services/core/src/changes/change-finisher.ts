import { directMembers, type ServerPayload } from '@earshot/protocol'
import type { ConversationStore } from '../conversations/conversation-store.ts'
import type { Fanout } from '../fanout.ts'
import type { MediaReleaser } from '../media/media-releaser.ts'
import type { MessageStore } from '../messages/message-store.ts'
import type { ChangeApplier } from './change-applier.ts'
import { type ChangeDoc, type ChangeStore, toChange } from './change-store.ts'

const batch = 200
const settledMs = 10_000

/**
 * Brings a logged change to its end: into the message, into the list of conversations, its media freed, and everybody
 * told. The node that logged it does so at once; should it die in between, the worker does. Every step may run twice:
 * clients know a change by its number.
 */
export class ChangeFinisher {
  readonly #changes: ChangeStore
  readonly #applier: ChangeApplier
  readonly #messages: MessageStore
  readonly #conversations: ConversationStore
  readonly #media: MediaReleaser
  readonly #fanout: Fanout

  constructor(deps: {
    changes: ChangeStore
    applier: ChangeApplier
    messages: MessageStore
    conversations: ConversationStore
    media: MediaReleaser
    fanout: Fanout
  }) {
    this.#changes = deps.changes
    this.#applier = deps.applier
    this.#messages = deps.messages
    this.#conversations = deps.conversations
    this.#media = deps.media
    this.#fanout = deps.fanout
  }

  async finish(change: ChangeDoc): Promise<void> {
    await this.#applier.apply(change)
    const fresh = await this.#messages.byId(change.messageId)
    if (fresh) await this.#conversations.refreshLast(fresh)
    // Of an edit that came too late too: whichever is finished last finds the other one.
    const isGone = fresh?.deletedAt !== undefined
    if (isGone && change.kind !== 'reaction') await this.#changes.forgetEdits(change.messageId)
    if (change.kind === 'delete') {
      const { messageId, conversationId } = change
      await this.#media.free(change.mediaIds, { messageId, conversationId })
    }
    this.#tell(isGone && change.kind === 'edit' ? { ...change, content: '' } : change)
    await this.#fanout.told()
    await this.#changes.settle(change)
  }

  /** For the worker: what others left. */
  async finishLeft(): Promise<void> {
    for (const change of await this.#changes.leftPending(settledMs, batch)) await this.finish(change)
  }

  #tell(doc: ChangeDoc): void {
    const change = toChange(doc)
    if (!change) return
    const { type, ...payload } = change
    const members = directMembers(doc.conversationId)
    // The payload is of this type, by construction of the union.
    const event = payload as ServerPayload<typeof type>
    if (!members) this.#fanout.toGroup(doc.conversationId, type, event)
    else for (const member of new Set(members)) this.#fanout.toUser(member, type, event)
  }
}
