import {
  type Change,
  CodedError,
  type HistoryPage,
  type HistoryQuery,
  type Limits,
  type Message,
  type SyncAck,
  type SyncedConversation,
  type SyncRequest,
} from '@earshot/protocol'
import type { ChangeApplier } from '../changes/change-applier.ts'
import { type ChangeStore, toChange } from '../changes/change-store.ts'
import type { ConversationAccess } from '../conversations/access.ts'
import type { StatusView } from '../receipts/status-view.ts'
import type { VoicePositions } from '../voice/voice-positions.ts'
import { readContiguous, type Stream } from './contiguous.ts'
import { type MessageDoc, toMessage } from './message-doc.ts'
import type { MessageStore } from './message-store.ts'

/** What was said: by page, or all that was missed. */
export class HistoryService {
  readonly #messages: MessageStore
  readonly #changes: ChangeStore
  readonly #applier: ChangeApplier
  readonly #access: ConversationAccess
  readonly #status: StatusView
  readonly #positions: VoicePositions
  readonly #limits: Limits

  constructor(deps: {
    messages: MessageStore
    changes: ChangeStore
    applier: ChangeApplier
    access: ConversationAccess
    status: StatusView
    positions: VoicePositions
    limits: Limits
  }) {
    this.#messages = deps.messages
    this.#changes = deps.changes
    this.#applier = deps.applier
    this.#access = deps.access
    this.#status = deps.status
    this.#positions = deps.positions
    this.#limits = deps.limits
  }

  /** @throws {CodedError} `NOT_FOUND` for a conversation that one may not read; `BAD_REQUEST` */
  async page(userId: string, conversationId: string, query: HistoryQuery): Promise<HistoryPage> {
    if (query.beforeSeq !== undefined && query.afterSeq !== undefined) {
      throw new CodedError('BAD_REQUEST', 'Either beforeSeq or afterSeq.', { field: 'beforeSeq' })
    }
    if (!(await this.#access.mayRead(userId, conversationId))) {
      throw new CodedError('NOT_FOUND', 'There is no such conversation.')
    }
    const limit = Math.min(query.limit ?? 50, this.#limits.pageMaxItems)
    if (query.afterSeq !== undefined) {
      const { messages, headSeq } = await this.#messagesAfter(conversationId, query.afterSeq, limit)
      return { messages: await this.#seenBy(userId, conversationId, messages), headSeq }
    }
    const { docs, upTo } = await readContiguous(
      (last) => this.#messages.before(conversationId, last === undefined ? query.beforeSeq : last + 1, limit),
      (found) => (found[0]?.seq ?? 1) - 1,
      this.#stream(conversationId),
    )
    const messages = docs.filter((doc) => !doc.isVoid).map(toMessage)
    const headSeq = query.beforeSeq === undefined ? upTo : await this.#messages.headSeq(conversationId)
    return { messages: await this.#seenBy(userId, conversationId, messages), headSeq }
  }

  /** What a client that was away has missed, in order, complete up to where it says. */
  async sync(userId: string, request: SyncRequest): Promise<SyncAck> {
    const wanted = Object.entries(request.conversations)
    if (wanted.length > this.#limits.syncMaxConversations) {
      throw new CodedError('TOO_LARGE', `${this.#limits.syncMaxConversations} conversations at most.`, {
        field: 'conversations',
      })
    }
    const conversations: Record<string, SyncedConversation> = {}
    await Promise.all(
      wanted.map(async ([conversationId, position]) => {
        if (!(await this.#access.mayRead(userId, conversationId))) return
        const { seq, changeSeq } = typeof position === 'number' ? { seq: position } : position
        conversations[conversationId] = await this.#missed(userId, conversationId, seq, changeSeq)
      }),
    )
    return { conversations }
  }

  /**
   * Changes are read before messages: a change that comes in between is in the messages already, and again in the next
   * sync; the other way round it would be in neither.
   */
  async #missed(
    userId: string,
    conversationId: string,
    seq: number,
    changeSeq: number | undefined,
  ): Promise<SyncedConversation> {
    const limit = this.#limits.pageMaxItems
    const changed = await this.#changesAfter(conversationId, changeSeq, limit)
    const said = await this.#messagesAfter(conversationId, seq, limit)
    const positions = await this.#positions.of(userId, conversationId)
    return {
      messages: await this.#seenBy(userId, conversationId, said.messages),
      changes: changed.changes,
      headSeq: said.headSeq,
      headChangeSeq: changed.headChangeSeq,
      complete: said.complete && changed.complete,
      ...(Object.keys(positions).length > 0 && { positions }),
    }
  }

  /** With what is one's own in them: how far others have got with one's messages, where one stopped in voice. */
  async #seenBy(userId: string, conversationId: string, messages: Message[]): Promise<Message[]> {
    const withStatus = await this.#status.apply(userId, conversationId, messages)
    return this.#positions.apply(userId, conversationId, withStatus)
  }

  async #messagesAfter(
    conversationId: string,
    seq: number,
    limit: number,
  ): Promise<{ messages: Message[]; headSeq: number; complete: boolean }> {
    const { docs, upTo, found } = await readContiguous(
      () => this.#messages.after(conversationId, seq, limit),
      () => seq,
      this.#stream(conversationId),
    )
    const complete = found < limit
    const messages = docs.filter((doc) => !doc.isVoid).map(toMessage)
    return { messages, complete, headSeq: complete ? upTo : await this.#messages.headSeq(conversationId) }
  }

  #stream(conversationId: string): Stream<MessageDoc> {
    return {
      describe: (doc) => ({ number: doc.seq, writtenAt: doc.adoptedAt ?? doc.createdAt }),
      closeHole: (number) => this.#messages.closeHole(conversationId, number),
    }
  }

  /** Without a number to start from, only where the changes stand. */
  async #changesAfter(
    conversationId: string,
    changeSeq: number | undefined,
    limit: number,
  ): Promise<{ changes: Change[]; headChangeSeq: number; complete: boolean }> {
    if (changeSeq === undefined) {
      return { changes: [], headChangeSeq: await this.#changes.settledSeq(conversationId), complete: true }
    }
    const { docs, upTo, found } = await readContiguous(
      () => this.#changes.after(conversationId, changeSeq, limit),
      () => changeSeq,
      {
        describe: (doc) => ({ number: doc.changeSeq, writtenAt: doc.at }),
        closeHole: (number) => this.#changes.closeHole(conversationId, number),
      },
    )
    // A node that died may have left one out of its message: who reads it there must see what this one is told.
    await Promise.all(docs.filter((doc) => doc.isPending).map((doc) => this.#applier.apply(doc)))
    const complete = found < limit
    const headChangeSeq = complete ? upTo : await this.#changes.headSeq(conversationId)
    return { changes: docs.flatMap((doc) => toChange(doc) ?? []), complete, headChangeSeq }
  }
}
