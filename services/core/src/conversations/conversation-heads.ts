import type { MessageDoc } from '../messages/message-doc.ts'
import type { MessageStore } from '../messages/message-store.ts'
import { Outage } from '../observability/outage.ts'
import type { Dirty } from '../write-behind/kind.ts'
import { WriteBehind, type WriteBehindDeps } from '../write-behind/write-behind.ts'
import type { ConversationStore } from './conversation-store.ts'
import { type Head, headKind } from './head-kind.ts'

/** A write that was begun longer ago has ended, or its node is dead. */
const settledMs = 10_000

/**
 * The last message of each conversation, for its list. Of many messages only the last is written; one that was
 * acknowledged is in the list from then on, whatever is killed.
 */
export class ConversationHeads {
  readonly #store: ConversationStore
  readonly #messages: MessageStore
  readonly #pending: WriteBehind<Head>
  readonly #noting: Outage

  constructor(deps: { store: ConversationStore; messages: MessageStore; writeBehind: WriteBehindDeps }) {
    this.#store = deps.store
    this.#messages = deps.messages
    this.#noting = new Outage(deps.writeBehind.log, 'writing heads of conversations')
    this.#pending = new WriteBehind(headKind, deps.writeBehind, {
      write: (heads) => this.#advance(heads),
      flush: (states) => this.#flush(states),
    })
  }

  /**
   * Messages are about to be written. Should this node die before it has noted them, the worker looks what became of
   * them. Never rejects.
   */
  async owe(messages: Pick<MessageDoc, 'conversationId' | 'seq'>[]): Promise<void> {
    await this.#note(
      lastOfEach(messages).map(({ conversationId, seq }) => ({ conversationId, owedSeq: seq })),
    )
  }

  /** Messages are written. Never rejects: that the list is behind must not fail what was said. */
  async note(messages: MessageDoc[]): Promise<void> {
    await this.#note(
      lastOfEach(messages).map((message) => ({
        conversationId: message.conversationId,
        owedSeq: 0,
        message,
      })),
    )
  }

  /** Redis lost its memory, or may have. */
  noteAgain(): Promise<void> {
    return this.#pending.noteAgain()
  }

  /** Last messages that the store may not have yet: in a user's one-to-one conversations and in these groups. */
  async waiting(userId: string, groupIds: string[]): Promise<MessageDoc[]> {
    const heads = await this.#pending.readOwned(userId, groupIds)
    return [...heads.values()].flatMap(({ message }) => message ?? [])
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

  /** For the worker: writes what waits. */
  flush(): Promise<void> {
    return this.#pending.flush()
  }

  async #last(conversationId: string): Promise<MessageDoc | undefined> {
    return (await this.#messages.before(conversationId, undefined, 1))[0]
  }

  async #note(heads: Head[]): Promise<void> {
    try {
      await this.#pending.note(heads)
      this.#noting.worked()
    } catch (err) {
      this.#noting.failed(err)
    }
  }

  async #advance(heads: Head[]): Promise<void> {
    await this.#store.advance(heads.flatMap(({ message }) => message ?? []))
  }

  async #flush(states: Dirty<Head>[]): Promise<Dirty<Head>[]> {
    const done: Dirty<Head>[] = []
    const messages: MessageDoc[] = []
    for (const state of states) {
      const { conversationId, owedSeq, message } = state.value
      if (message) messages.push(message)
      if (owedSeq > (message?.seq ?? 0)) {
        if (state.ageMs < settledMs) continue
        const last = await this.#last(conversationId)
        if (last && !last.isVoid) messages.push(last)
      }
      done.push(state)
    }
    await this.#store.advance(messages)
    return done
  }
}

function lastOfEach<M extends Pick<MessageDoc, 'conversationId' | 'seq'>>(messages: M[]): M[] {
  const last = new Map<string, M>()
  for (const message of messages) {
    if ((last.get(message.conversationId)?.seq ?? 0) < message.seq) last.set(message.conversationId, message)
  }
  return [...last.values()]
}
