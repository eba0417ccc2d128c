import {
  CodedError,
  type HistoryPage,
  type HistoryQuery,
  type Limits,
  type Message,
  type SyncAck,
  type SyncedConversation,
  type SyncRequest,
} from '@earshot/protocol'
import type { ConversationAccess } from '../conversations/access.ts'
import type { ConversationStore } from '../conversations/conversation-store.ts'
import type { StatusView } from '../receipts/status-view.ts'
import { Semaphore } from '../semaphore.ts'
import type { VoicePositions } from '../voice/voice-positions.ts'
import { AnswerBudget, weightOfChange, weightOfMessage } from './answer-budget.ts'
import type { ConversationReader } from './conversation-reader.ts'

export interface HistoryOptions {
  /** What one `sync` answers at most, bytes, about. */
  syncMaxBytes: number
  /** Of those that a node answers at once. */
  syncsAtOnce: number
  /** Of those that may wait for it. */
  syncsWaiting: number
}

/** Conversations that one `sync` has read at a time: what is read is in memory until the budget has cut it. */
const conversationsAtOnce = 8

interface Place {
  conversationId: string
  seq: number
  changeSeq: number | undefined
  /** Whether a message of this `seq` is known to exist. */
  isThere: boolean
}

/** What was said: by page, or all that was missed. */
export class HistoryService {
  readonly #reader: ConversationReader
  readonly #access: ConversationAccess
  readonly #conversations: ConversationStore
  readonly #status: StatusView
  readonly #positions: VoicePositions
  readonly #limits: Limits
  readonly #syncMaxBytes: number
  readonly #syncs: Semaphore

  constructor(deps: {
    reader: ConversationReader
    access: ConversationAccess
    conversations: ConversationStore
    status: StatusView
    positions: VoicePositions
    limits: Limits
    options: HistoryOptions
  }) {
    this.#reader = deps.reader
    this.#access = deps.access
    this.#conversations = deps.conversations
    this.#status = deps.status
    this.#positions = deps.positions
    this.#limits = deps.limits
    this.#syncMaxBytes = deps.options.syncMaxBytes
    this.#syncs = new Semaphore(deps.options.syncsAtOnce, deps.options.syncsWaiting)
  }

  /** @throws {CodedError} `NOT_FOUND` for a conversation that one may not read; `BAD_REQUEST` */
  async page(userId: string, conversationId: string, query: HistoryQuery): Promise<HistoryPage> {
    if (query.beforeSeq !== undefined && query.afterSeq !== undefined) {
      throw new CodedError('BAD_REQUEST', 'Either beforeSeq or afterSeq.', { field: 'beforeSeq' })
    }
    await this.#mustRead(userId, conversationId)
    const limit = Math.min(query.limit ?? 50, this.#limits.pageMaxItems)
    const { messages, headSeq } =
      query.afterSeq !== undefined
        ? await this.#reader.messagesAfter(conversationId, query.afterSeq, limit, false)
        : await this.#reader.messagesBefore(conversationId, query.beforeSeq, limit)
    const seen = await this.#seenBy(userId, conversationId, messages)
    // A number may have been waited for, and who asked been removed meanwhile.
    await this.#mustRead(userId, conversationId)
    return { messages: seen, headSeq }
  }

  /**
   * What a client that was away has missed, in order, complete up to where it says.
   * @throws {CodedError} `TOO_LARGE`; `RETRY_LATER` when too many ask
   */
  async sync(userId: string, { conversations }: SyncRequest): Promise<SyncAck> {
    const wanted = Object.entries(conversations)
    if (wanted.length > this.#limits.syncMaxConversations) {
      throw new CodedError('TOO_LARGE', `${this.#limits.syncMaxConversations} conversations at most.`, {
        field: 'conversations',
      })
    }
    return this.#syncs.run(() => this.#sync(userId, wanted))
  }

  async #sync(userId: string, wanted: [string, SyncRequest['conversations'][string]][]): Promise<SyncAck> {
    const heads = await this.#conversations.heads(wanted.map(([conversationId]) => conversationId))
    const budget = new AnswerBudget(this.#syncMaxBytes)
    const turns = new Semaphore(conversationsAtOnce)
    const answers = await Promise.all(
      wanted.map(([conversationId, position]) =>
        turns.run(async () => {
          if (!(await this.#access.mayRead(userId, conversationId))) return undefined
          const { seq, changeSeq } = typeof position === 'number' ? { seq: position } : position
          const isThere = seq <= (heads.get(conversationId) ?? 0)
          const missed = await this.#missed(userId, { conversationId, seq, changeSeq, isThere }, budget)
          // A number may have been waited for, and who asks been removed meanwhile.
          return (await this.#access.mayRead(userId, conversationId)) ? missed : undefined
        }),
      ),
    )
    const readable = wanted.flatMap(([id], i) => (answers[i] ? [[id, answers[i]] as const] : []))
    return { conversations: Object.fromEntries(readable) }
  }

  /**
   * Changes are read before messages: a change that comes in between is in the messages already, and again in the next
   * sync; the other way round it would be in neither.
   */
  async #missed(userId: string, place: Place, budget: AnswerBudget): Promise<SyncedConversation> {
    const { conversationId, seq, changeSeq, isThere } = place
    const limit = budget.isSpent ? 1 : this.#limits.pageMaxItems
    const changed = await this.#reader.changesAfter(conversationId, changeSeq, limit)
    const said = await this.#reader.messagesAfter(conversationId, seq, limit, isThere)
    const changes = budget.fit(changed.changes, weightOfChange)
    const messages = budget.fit(said.messages, weightOfMessage)
    const isCut = changes.length < changed.changes.length || messages.length < said.messages.length
    const positions = await this.#positions.of(userId, conversationId)
    return {
      messages: await this.#seenBy(userId, conversationId, messages),
      changes,
      headSeq: said.headSeq,
      headChangeSeq: changed.headChangeSeq,
      complete: said.complete && changed.complete && !isCut,
      ...(Object.keys(positions).length > 0 && { positions }),
    }
  }

  /** With what is one's own in them: how far others have got with one's messages, where one stopped in voice. */
  async #seenBy(userId: string, conversationId: string, messages: Message[]): Promise<Message[]> {
    const withStatus = await this.#status.apply(userId, conversationId, messages)
    return this.#positions.apply(userId, conversationId, withStatus)
  }

  async #mustRead(userId: string, conversationId: string): Promise<void> {
    if (await this.#access.mayRead(userId, conversationId)) return
    throw new CodedError('NOT_FOUND', 'There is no such conversation.')
  }
}
