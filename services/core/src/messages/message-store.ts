import type { Collection, Db, UpdateFilter } from 'mongodb'
import { duplicatesIn, isDuplicateKey } from '../clients/duplicate-key.ts'
import { toDbId } from '../clients/mongo.ts'
import {
  fieldsOfMessage,
  type StoredMessage,
  senderOf,
  toMessageDoc,
  withoutInlineMedia,
} from '../legacy/adopted.ts'
import type { MessageDoc, VoiceDoc } from './message-doc.ts'

/** What became of a message that was to be inserted. */
export type InsertOutcome =
  | { kind: 'inserted' }
  /** Its `_id` was there already: the same key was used before. */
  | { kind: 'exists'; existing: MessageDoc }
  /** Its place in the conversation is taken by another message. */
  | { kind: 'place-taken' }

/** Messages in MongoDB: the truth of what was said and in which order. */
export class MessageStore {
  readonly #messages: Collection<StoredMessage>

  constructor(db: Db) {
    this.#messages = db.collection<StoredMessage>('messages')
  }

  /** Inserts many at once; what collides does not hinder the others. Rejects when nothing can be said. */
  async insert(docs: MessageDoc[]): Promise<InsertOutcome[]> {
    const outcomes: InsertOutcome[] = docs.map(() => ({ kind: 'inserted' }))
    try {
      await this.#messages.insertMany(docs, { ordered: false, forceServerObjectId: true })
      return outcomes
    } catch (error) {
      const refused = duplicatesIn(error).map(({ index }) => {
        const doc = docs[index]
        if (!doc) throw error
        return { index, id: doc._id }
      })
      // Together: after an outage whole batches come a second time.
      const found = await this.byIds(refused.map(({ id }) => id))
      for (const { index, id } of refused) {
        const existing = found.get(id)
        outcomes[index] = existing ? { kind: 'exists', existing } : { kind: 'place-taken' }
      }
      return outcomes
    }
  }

  async byId(messageId: string): Promise<MessageDoc | null> {
    const filter = { _id: toDbId(messageId) }
    const found = await this.#messages.findOne(filter, { projection: withoutInlineMedia })
    return found && toMessageDoc(found)
  }

  async byIds(messageIds: string[]): Promise<Map<string, MessageDoc>> {
    const filter = { _id: { $in: messageIds.map(toDbId) } }
    const found = await this.#messages.find(filter, { projection: withoutInlineMedia }).toArray()
    return new Map(
      found.flatMap((stored) => {
        const doc = toMessageDoc(stored)
        return doc ? [[doc._id, doc]] : []
      }),
    )
  }

  /** The last `seq` that is taken; 0 in an empty conversation. */
  async headSeq(conversationId: string): Promise<number> {
    const last = await this.#messages.findOne(
      { conversationId },
      { sort: { seq: -1 }, projection: { seq: 1 } },
    )
    return last?.seq ?? 0
  }

  /** Messages after a `seq`, ascending, holes and closed holes included. */
  async after(conversationId: string, seq: number, limit: number): Promise<MessageDoc[]> {
    const docs = await this.#messages
      .find({ conversationId, seq: { $gt: seq } }, { projection: withoutInlineMedia })
      .sort({ seq: 1 })
      .limit(limit)
      .toArray()
    return docs.flatMap((doc) => toMessageDoc(doc) ?? [])
  }

  /** The last messages before a `seq` (or of all), ascending. */
  async before(conversationId: string, seq: number | undefined, limit: number): Promise<MessageDoc[]> {
    const filter = { conversationId, ...(seq !== undefined && { seq: { $lt: seq } }) }
    const docs = await this.#messages
      .find(filter, { projection: withoutInlineMedia })
      .sort({ seq: -1 })
      .limit(limit)
      .toArray()
    return docs.reverse().flatMap((doc) => toMessageDoc(doc) ?? [])
  }

  /** Who said the voice message that has this number; `undefined` when it is none. */
  async voiceSenderAt(conversationId: string, seq: number): Promise<string | undefined> {
    const projection = { messageType: 1, sender: 1, 'earshot.messageType': 1, 'earshot.sender': 1 }
    const found = await this.#messages.findOne({ conversationId, seq }, { projection })
    const type = found?.earshot?.messageType ?? found?.messageType
    return found && type === 'voice' ? senderOf(found) : undefined
  }

  /** Who wrote the messages after one `seq` up to another. */
  async senders(conversationId: string, after: number, upTo: number): Promise<string[]> {
    const docs = await this.#messages
      .find(
        { conversationId, seq: { $gt: after, $lte: upTo } },
        { projection: { sender: 1, 'earshot.sender': 1 } },
      )
      .toArray()
    return [...new Set(docs.map(senderOf))].filter(Boolean)
  }

  /**
   * Closes a hole for good: its place is taken, so that a writer who is late gets another one.
   * Returns false when a message was there after all.
   */
  async closeHole(conversationId: string, seq: number): Promise<boolean> {
    try {
      await this.#messages.insertOne({
        _id: `void:${conversationId}:${seq}`,
        conversationId,
        seq,
        sender: { _id: '', name: '' },
        messageType: 'text',
        content: '',
        fingerprint: '',
        createdAt: new Date(),
        isVoid: true,
      })
      return true
    } catch (error) {
      if (!isDuplicateKey(error)) throw error
      return false
    }
  }

  /**
   * Notes what has become of a message's audio; what had failed has not any more, unless the facts say so. Returns
   * whether the message is there and still has audio.
   */
  async setVoice(messageId: string, facts: Partial<VoiceDoc>): Promise<boolean> {
    const { voice } = fieldsOfMessage(messageId)
    const $set = Object.fromEntries(Object.entries(facts).map(([name, fact]) => [`${voice}.${name}`, fact]))
    const filter = { _id: toDbId(messageId), [voice]: { $exists: true } }
    const update: UpdateFilter<StoredMessage> = {
      $set,
      ...(!facts.failed && { $unset: { [`${voice}.failed`]: '' } }),
    }
    const { matchedCount } = await this.#messages.updateOne(filter, update)
    return matchedCount > 0
  }
}
