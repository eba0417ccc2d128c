import { directMembers } from '@earshot/protocol'
import type { AnyBulkWriteOperation, Collection, Db, Document, Filter } from 'mongodb'
import { bulkUpdates } from '../clients/bulk-updates.ts'
import type { MessageDoc } from '../messages/message-doc.ts'
import type { ConversationCursor } from './conversation-cursor.ts'
import { type Head, headOf, writerKey } from './head.ts'

export interface ConversationDoc {
  _id: string
  kind: 'direct' | 'group'
  /** Of a one-to-one conversation; a group's are in `memberships`. */
  members?: string[]
  /** The last message known here. Written behind: the messages themselves are the truth. */
  headSeq: number
  lastMessage?: MessageDoc
  updatedAt: Date
  /** `Head.wrote`. Read of one user alone: in a group there may be thousands. */
  wrote?: Record<string, number>
}

/** Conversations as a list shows them. A conversation's document exists before its first message does. */
export class ConversationStore {
  readonly #conversations: Collection<ConversationDoc>

  constructor(db: Db) {
    this.#conversations = db.collection<ConversationDoc>('conversations')
  }

  /** Makes these conversations exist. Returns the heads, which may be behind the truth, of those that did before. */
  async open(conversationIds: string[]): Promise<Map<string, number>> {
    const heads = await this.heads(conversationIds)
    const missing = conversationIds.filter((id) => !heads.has(id))
    if (missing.length > 0) await this.#create(missing)
    return heads
  }

  /** The heads of those that exist, as far as they are written here: no message is behind what this says. */
  async heads(conversationIds: string[]): Promise<Map<string, number>> {
    const filter = { _id: { $in: conversationIds } }
    const docs = await this.#conversations.find(filter, { projection: { headSeq: 1 } }).toArray()
    return new Map(docs.map((doc) => [doc._id, doc.headSeq]))
  }

  async ensureGroup(groupId: string): Promise<void> {
    await this.#create([groupId])
  }

  async #create(conversationIds: string[]): Promise<void> {
    const updatedAt = new Date()
    await bulkUpdates(
      this.#conversations,
      conversationIds.map((_id) => {
        const members = directMembers(_id)
        const fields = members
          ? { kind: 'direct' as const, members: [...new Set(members)] }
          : { kind: 'group' as const }
        return {
          updateOne: {
            filter: { _id },
            update: { $setOnInsert: { ...fields, headSeq: 0, updatedAt } },
            upsert: true,
          },
        }
      }),
    )
  }

  /** Notes the heads of conversations. Safe to repeat and to run out of order. */
  async advance(heads: Head[]): Promise<void> {
    if (heads.length === 0) return
    const operations: AnyBulkWriteOperation<ConversationDoc>[] = heads.map(({ message, wrote }) => ({
      updateOne: {
        filter: { _id: message.conversationId, headSeq: { $lt: message.seq } },
        update: {
          $set: { headSeq: message.seq, lastMessage: message, updatedAt: message.createdAt },
          $max: wroteFields(wrote),
        },
      },
    }))
    if ((await bulkUpdates(this.#conversations, operations)) === heads.length) return
    // Where the last message is known already, who wrote before it may not be.
    await bulkUpdates(
      this.#conversations,
      heads.map(({ message, wrote }) => ({
        updateOne: { filter: { _id: message.conversationId }, update: { $max: wroteFields(wrote) } },
      })),
    )
  }

  /**
   * A message was changed. It counts if it is the last one, noted or not yet: a note of it that comes later, by a node
   * that knew it before the change, then finds itself too late.
   */
  async refreshLast(message: MessageDoc): Promise<void> {
    await this.#conversations.updateOne(
      {
        _id: message.conversationId,
        headSeq: { $lte: message.seq },
        // Another node changed the same message, and read it later than we did.
        $nor: [{ 'lastMessage._id': message._id, 'lastMessage.changeSeq': { $gt: message.changeSeq ?? 0 } }],
      },
      {
        $set: { headSeq: message.seq, lastMessage: message, updatedAt: message.createdAt },
        $max: wroteFields(headOf(message).wrote),
      },
    )
  }

  /** Ids of a user's conversations, those with the newest message first. */
  async idsOf(userId: string, groupIds: readonly string[], limit: number): Promise<string[]> {
    const docs = await this.#conversations
      .find({ $or: [{ members: userId }, { _id: { $in: groupIds } }] }, { projection: { _id: 1 } })
      .sort({ updatedAt: -1 })
      .limit(limit)
      .toArray()
    return docs.map(({ _id }) => _id)
  }

  /** Conversations of a user, newest first, those of one time by id, after a place in this order. */
  async list(
    userId: string,
    groupIds: readonly string[],
    page: { limit: number; after: ConversationCursor | undefined; without: string[] },
  ): Promise<ConversationDoc[]> {
    const { limit, after, without } = page
    return this.#conversations
      .find({
        $and: [
          { $or: [{ members: userId }, { _id: { $in: groupIds } }] },
          ...(after ? [beyond(after)] : []),
          ...(without.length > 0 ? [{ _id: { $nin: without } }] : []),
        ],
      })
      .project<ConversationDoc>(seenBy(userId))
      .sort({ updatedAt: -1, _id: -1 })
      .limit(limit)
      .toArray()
  }

  /** Those of these conversations that exist, as the user sees them, in no order. */
  async find(userId: string, conversationIds: string[]): Promise<ConversationDoc[]> {
    if (conversationIds.length === 0) return []
    const projection = seenBy(userId)
    return this.#conversations.find({ _id: { $in: conversationIds } }, { projection }).toArray()
  }
}

function wroteFields(wrote: Head['wrote']): Record<string, number> {
  return Object.fromEntries([...wrote].map(([key, seq]) => [`wrote.${key}`, seq]))
}

function seenBy(userId: string): Document {
  const fields = { kind: 1, members: 1, headSeq: 1, lastMessage: 1, updatedAt: 1 }
  return { ...fields, [`wrote.${writerKey(userId)}`]: 1 }
}

function beyond({ updatedAt, id }: ConversationCursor): Filter<ConversationDoc> {
  if (id === undefined) return { updatedAt: { $lt: updatedAt } }
  return { $or: [{ updatedAt: { $lt: updatedAt } }, { updatedAt, _id: { $lt: id } }] }
}
