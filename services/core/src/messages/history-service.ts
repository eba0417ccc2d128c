import {
  CodedError,
  type HistoryPage,
  type HistoryQuery,
  type Limits,
  type SyncAck,
  type SyncedConversation,
  type SyncRequest,
} from '@earshot/protocol'
import type { ConversationAccess } from '../conversations/access.ts'
import { type MessageDoc, toMessage } from './message-doc.ts'
import type { MessageStore } from './message-store.ts'

/** A number that was given is written within this time, or its writer is taken for dead. */
const holeMayFillMs = 15_000

/** What was said: by page, or all that was missed. */
export class HistoryService {
  readonly #messages: MessageStore
  readonly #access: ConversationAccess
  readonly #limits: Limits

  constructor(deps: { messages: MessageStore; access: ConversationAccess; limits: Limits }) {
    this.#messages = deps.messages
    this.#access = deps.access
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
      const { messages, headSeq } = await this.#missed(conversationId, query.afterSeq, limit)
      return { messages, headSeq }
    }
    const docs = await this.#messages.before(conversationId, query.beforeSeq, limit)
    const headSeq =
      query.beforeSeq === undefined ? (docs.at(-1)?.seq ?? 0) : await this.#messages.headSeq(conversationId)
    return { messages: docs.map(toMessage), headSeq }
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
        const seq = typeof position === 'number' ? position : position.seq
        conversations[conversationId] = await this.#missed(conversationId, seq, this.#limits.pageMaxItems)
      }),
    )
    return { conversations }
  }

  /**
   * Messages after `seq` without a hole between them. A number that is missing is either about to be written by
   * another node, then the page ends before it; or it never will be, then the hole is closed in MongoDB first, so
   * that nothing can appear behind a reader's back.
   */
  async #missed(conversationId: string, seq: number, limit: number): Promise<SyncedConversation> {
    const docs = await this.#messages.after(conversationId, seq, limit)
    const messages: MessageDoc[] = []
    let expected = seq + 1
    let complete = docs.length < limit
    walk: for (const doc of docs) {
      for (; expected < doc.seq; expected++) {
        const isOld = Date.now() - doc.createdAt.getTime() > holeMayFillMs
        if (!isOld || !(await this.#messages.closeHole(conversationId, expected))) {
          complete = false
          break walk
        }
      }
      if (!doc.isVoid) messages.push(doc)
      expected = doc.seq + 1
    }
    const headSeq = complete ? expected - 1 : await this.#messages.headSeq(conversationId)
    return { messages: messages.map(toMessage), changes: [], headSeq, headChangeSeq: 0, complete }
  }
}
