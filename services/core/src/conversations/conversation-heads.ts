import type { MessageDoc } from '../messages/message-doc.ts'
import type { MessageStore } from '../messages/message-store.ts'
import { Outage } from '../observability/outage.ts'
import type { FlushOptions } from '../write-behind/flusher.ts'
import { WriteBehind, type WriteBehindDeps } from '../write-behind/write-behind.ts'
import type { ConversationStore } from './conversation-store.ts'
import { type Head, headsOf } from './head.ts'
import { headKind } from './head-kind.ts'
import { OwedHeads } from './owed-heads.ts'

/**
 * The last message of each conversation, for its list. Of many messages only the last is written; one that was
 * acknowledged is in the list from then on, whatever is killed.
 */
export class ConversationHeads {
  readonly #store: ConversationStore
  readonly #messages: MessageStore
  readonly #pending: WriteBehind<Head>
  readonly #owed: OwedHeads
  readonly #noting: Outage
  readonly #onAdvanced: ((heads: MessageDoc[]) => Promise<void>) | undefined

  /** @param deps.onAdvanced for the worker: what it carries has somebody else told, at least once, before it is dropped */
  constructor(deps: {
    store: ConversationStore
    messages: MessageStore
    writeBehind: WriteBehindDeps
    onAdvanced?: ((heads: MessageDoc[]) => Promise<void>) | undefined
  }) {
    this.#onAdvanced = deps.onAdvanced
    this.#store = deps.store
    this.#messages = deps.messages
    this.#owed = new OwedHeads(deps.writeBehind)
    this.#noting = new Outage(deps.writeBehind.log, 'writing heads of conversations')
    this.#pending = new WriteBehind(headKind, deps.writeBehind, (heads) => this.#advance(heads))
  }

  /**
   * Messages are about to be numbered and written. Should this node die before it has noted them, the worker looks what
   * became of them. Returns what `note` takes.
   */
  begin(conversationIds: string[]): string {
    return this.#owed.begin(conversationIds)
  }

  /**
   * These are written. Never rejects: that the list is behind must not fail what was said. What is told after this call Redis hears
   * after it.
   * @param write what `begin` returned, when this is all that came of it
   */
  async note(messages: MessageDoc[], write?: string): Promise<void> {
    try {
      await this.#pending.noteNow(headsOf(messages))
      if (write !== undefined) this.#owed.end(write)
      this.#noting.worked()
    } catch (err) {
      this.#noting.failed(err)
    }
  }

  /** Redis lost its memory, or may have. */
  noteAgain(): Promise<void> {
    return this.#pending.noteAgain()
  }

  /** Heads that the store may not have yet: of a user's one-to-one conversations and of these groups. */
  async waiting(userId: string, groupIds: readonly string[]): Promise<Head[]> {
    return [...(await this.#pending.readOwned(userId, groupIds)).values()]
  }

  /**
   * Makes these conversations exist and returns the true head of each. Redis does not know them: it may have forgotten
   * what the list does not have yet either, so the list is set right too.
   */
  async open(conversationIds: string[]): Promise<Map<string, number>> {
    const stored = await this.#store.open(conversationIds)
    const heads = await Promise.all(
      conversationIds.map(async (id) => {
        const known = stored.get(id)
        if (known === undefined) return [id, 0] as const
        const last = await this.#last(id)
        if (last && last.seq > known && !last.isVoid) await this.note([last])
        return [id, Math.max(known, last?.seq ?? 0)] as const
      }),
    )
    return new Map(heads)
  }

  /** For the worker: writes what waits, and finds what nobody noted. */
  async flush(options?: FlushOptions): Promise<void> {
    for (const { write, conversationIds } of await this.#owed.left()) {
      const last = await Promise.all(conversationIds.map((id) => this.#last(id)))
      await this.#advance(headsOf(last.flatMap((message) => (message && !message.isVoid ? [message] : []))))
      await this.#owed.settle(write)
    }
    await this.#pending.flush(options)
  }

  async #advance(heads: Head[]): Promise<void> {
    await this.#store.advance(heads)
    await this.#onAdvanced?.(heads.map(({ message }) => message))
  }

  async #last(conversationId: string): Promise<MessageDoc | undefined> {
    return (await this.#messages.before(conversationId, undefined, 1))[0]
  }
}
