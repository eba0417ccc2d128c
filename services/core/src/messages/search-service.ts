import type { Message, MessageSearch, SearchResult } from '@earshot/protocol'
import { type Collection, type Db, type Filter, MongoServerError } from 'mongodb'
import { fromDbId } from '../clients/mongo.ts'
import type { ConversationStore } from '../conversations/conversation-store.ts'
import type { MembershipStore } from '../conversations/membership-store.ts'
import { type MessageDoc, toMessage } from './message-doc.ts'
import type { MessageStore } from './message-store.ts'

/** With a text index: the conversations that one search looks into, the newest first. */
const indexedConversations = 5_000
/** Without one every message looked at costs: so few conversations, and little time. */
const scannedConversations = 50
const scanTimeoutMs = 2_000

/** Search in what a user may read. */
export class SearchService {
  readonly #collection: Collection<MessageDoc>
  readonly #messages: MessageStore
  readonly #conversations: ConversationStore
  readonly #memberships: MembershipStore
  readonly #hasTextIndex: boolean

  constructor(deps: {
    db: Db
    messages: MessageStore
    conversations: ConversationStore
    memberships: MembershipStore
    hasTextIndex: boolean
  }) {
    this.#collection = deps.db.collection<MessageDoc>('messages')
    this.#messages = deps.messages
    this.#conversations = deps.conversations
    this.#memberships = deps.memberships
    this.#hasTextIndex = deps.hasTextIndex
  }

  /** Newest first. `scope` tells whether all was looked at or only the newest conversations. */
  async search(userId: string, { q, conversationId, limit = 50 }: MessageSearch): Promise<SearchResult> {
    const groupIds = await this.#memberships.groupsOf(userId)
    const most = this.#hasTextIndex ? indexedConversations : scannedConversations
    const mine = await this.#conversations.idsOf(userId, groupIds, most)
    const wanted = conversationId === undefined ? mine : mine.filter((id) => id === conversationId)
    const scope = mine.length < most || conversationId !== undefined ? 'all' : 'newest'
    if (wanted.length === 0) return { messages: [], scope }
    const found = await this.#collection
      .find({ conversationId: { $in: wanted }, ...this.#matching(q) }, { projection: { _id: 1 } })
      .sort({ createdAt: -1 })
      .limit(limit)
      .maxTimeMS(scanTimeoutMs)
      .toArray()
    const docs = await Promise.all(found.map(({ _id }) => this.#messages.byId(fromDbId(_id))))
    const messages: Message[] = docs.flatMap((doc) => (doc && !doc.deletedAt ? [toMessage(doc)] : []))
    return { messages, scope }
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
