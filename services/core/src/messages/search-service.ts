import { CodedError, type Message, type MessageSearch, type SearchResult } from '@earshot/protocol'
import { type Collection, type Db, type Filter, MongoServerError } from 'mongodb'
import { fromDbId } from '../clients/mongo.ts'
import type { ConversationAccess } from '../conversations/access.ts'
import type { ConversationStore } from '../conversations/conversation-store.ts'
import type { MembershipStore } from '../conversations/membership-store.ts'
import type { StatusView } from '../receipts/status-view.ts'
import { type MessageDoc, toMessage } from './message-doc.ts'
import type { MessageStore } from './message-store.ts'
import type { RateLimiter } from './rate-limiter.ts'

/** With a text index: the conversations that one search looks into, the newest first. */
const indexedConversations = 5_000
/** Without one every message looked at costs: so few conversations, and little time. */
const scannedConversations = 50
const scanTimeoutMs = 2_000

/** MongoDB's code for a query that took longer than it may. */
const timeExpiredCode = 50

/** Search in what a user may read. */
export class SearchService {
  readonly #collection: Collection<MessageDoc>
  readonly #messages: MessageStore
  readonly #conversations: ConversationStore
  readonly #memberships: MembershipStore
  readonly #access: ConversationAccess
  readonly #status: StatusView
  readonly #rate: RateLimiter
  readonly #hasTextIndex: boolean

  constructor(deps: {
    db: Db
    messages: MessageStore
    conversations: ConversationStore
    memberships: MembershipStore
    access: ConversationAccess
    status: StatusView
    rate: RateLimiter
    hasTextIndex: boolean
  }) {
    this.#collection = deps.db.collection<MessageDoc>('messages')
    this.#messages = deps.messages
    this.#conversations = deps.conversations
    this.#memberships = deps.memberships
    this.#access = deps.access
    this.#status = deps.status
    this.#rate = deps.rate
    this.#hasTextIndex = deps.hasTextIndex
  }

  /**
   * Newest first. `scope` tells whether all was looked at or only the newest conversations.
   * @throws {CodedError} `NOT_FOUND` for a conversation that one may not read; `RATE_LIMITED`; `RETRY_LATER` when it takes
   * too long
   */
  async search(userId: string, { q, conversationId, limit = 50 }: MessageSearch): Promise<SearchResult> {
    this.#rate.take(userId)
    const { wanted, scope } = await this.#where(userId, conversationId)
    if (wanted.length === 0) return { messages: [], scope }
    const found = await this.#find(wanted, q, limit)
    const docs = await Promise.all(found.map((messageId) => this.#messages.byId(messageId)))
    const messages = docs.flatMap((doc) => (doc && !doc.deletedAt ? [toMessage(doc)] : []))
    return { messages: await this.#seenBy(userId, messages), scope }
  }

  async #where(
    userId: string,
    conversationId: string | undefined,
  ): Promise<{ wanted: string[]; scope: SearchResult['scope'] }> {
    if (conversationId !== undefined) {
      if (!(await this.#access.mayRead(userId, conversationId))) {
        throw new CodedError('NOT_FOUND', 'There is no such conversation.', { field: 'conversationId' })
      }
      return { wanted: [conversationId], scope: 'all' }
    }
    const groupIds = await this.#memberships.groupsOf(userId)
    const most = this.#hasTextIndex ? indexedConversations : scannedConversations
    const wanted = await this.#conversations.idsOf(userId, groupIds, most)
    return { wanted, scope: wanted.length < most ? 'all' : 'newest' }
  }

  async #find(conversationIds: string[], q: string, limit: number): Promise<string[]> {
    const [only] = conversationIds
    const where = conversationIds.length === 1 && only ? only : { $in: conversationIds }
    try {
      const found = await this.#collection
        .find({ conversationId: where, ...this.#matching(q) }, { projection: { _id: 1 } })
        .sort({ createdAt: -1 })
        .limit(limit)
        .maxTimeMS(scanTimeoutMs)
        .toArray()
      return found.map(({ _id }) => fromDbId(_id))
    } catch (cause) {
      if (!(cause instanceof MongoServerError) || cause.code !== timeExpiredCode) throw cause
      const details = { retryAfterMs: 2_000, cause }
      throw new CodedError('RETRY_LATER', 'The search took too long: search in one conversation.', details)
    }
  }

  /** With their status, in their order; not those that one lost the right to read meanwhile. */
  async #seenBy(userId: string, messages: Message[]): Promise<Message[]> {
    const byConversation = Map.groupBy(messages, (message) => message.conversationId)
    const shown = [...byConversation].map(([conversationId, of]) => ({ conversationId, messages: of }))
    const applied = (await this.#status.applyEach(userId, shown)).flat()
    const byId = new Map(applied.map((message) => [message._id, message]))
    const mayRead = new Map<string, boolean>()
    for (const id of byConversation.keys()) mayRead.set(id, await this.#access.mayRead(userId, id))
    return messages.flatMap(({ _id, conversationId }) =>
      mayRead.get(conversationId) ? (byId.get(_id) ?? []) : [],
    )
  }

  #matching(q: string): Filter<MessageDoc> {
    // Quoted: the words as they stand, none of them a command to the search.
    if (this.#hasTextIndex) return { $text: { $search: `"${q.replaceAll('"', ' ')}"` } }
    const words = { $regex: q.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), $options: 'i' }
    return { $or: searched.map((field) => ({ [field]: words })) }
  }
}

/** What was written, and what was said where it was written down. */
const searched = ['content', 'voiceMessage.transcript']

/** MongoDB's code for an index that is there, made otherwise: a collection has one text index. */
const otherIndexCode = 85

/** Creates the text index where the server has such; tells whether it is there. */
export async function createTextIndex(db: Db): Promise<boolean> {
  const messages = db.collection('messages')
  const fields = Object.fromEntries(searched.map((field) => [field, 'text' as const]))
  const create = () => messages.createIndex(fields, { default_language: 'none' })
  try {
    await create().catch(async (error: unknown) => {
      if (!(error instanceof MongoServerError) || error.code !== otherIndexCode) throw error
      // Of a version that searched in less.
      const indexes = await messages.indexes()
      for (const { name, textIndexVersion } of indexes) {
        if (name !== undefined && textIndexVersion !== undefined) await messages.dropIndex(name)
      }
      await create()
    })
    return true
  } catch (error) {
    if (error instanceof MongoServerError) return false
    throw error
  }
}
