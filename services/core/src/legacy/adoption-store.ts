import { type Collection, type Db, ObjectId } from 'mongodb'
import { isDuplicateKey } from '../clients/duplicate-key.ts'
import { toDbId } from '../clients/mongo.ts'
import type { Adoption } from './adopted.ts'
import type { OldChat, OldMessage } from './old-docs.ts'

export interface AdoptionWrite {
  _id: ObjectId
  conversationId: string
  seq: number
  earshot: Adoption
}

/** What became of a message that was to be adopted. */
export type AdoptionOutcome =
  | 'adopted'
  /** Another worker gave it another number. */
  | 'by-another'
  /** Its place is taken by another message. */
  | 'place-taken'
  /** The existing system deleted it. */
  | 'gone'

interface AdoptedMessage extends OldMessage {
  conversationId?: string
  seq?: number
  earshot?: Adoption
}

/** What is needed to find a message's place; neither its text nor its audio. */
const placeFields = { sender: 1, recipientId: 1, groupId: 1, chat: 1, createdAt: 1, timestamp: 1 } as const

/** The smallest of all ObjectIds. */
export const firstObjectId = new ObjectId('000000000000000000000000')

/** Documents of the existing system in MongoDB, and what is added to them. */
export class AdoptionStore {
  readonly #messages: Collection<AdoptedMessage>
  readonly #chats: Collection<OldChat>
  readonly #progress: Collection<{ _id: string; at: Date }>

  constructor(db: Db) {
    this.#messages = db.collection<AdoptedMessage>('messages')
    this.#chats = db.collection<OldChat>('chats')
    this.#progress = db.collection<{ _id: string; at: Date }>('legacy')
  }

  /** Messages that are not adopted yet, by `_id`. On MongoDB a range of its index: our own ids are strings. */
  async waiting(after: ObjectId, limit: number): Promise<OldMessage[]> {
    return this.#messages
      .find({ _id: { $gt: after }, seq: { $exists: false } }, { projection: placeFields })
      .sort({ _id: 1 })
      .limit(limit)
      .toArray()
  }

  async isAnyWaiting(): Promise<boolean> {
    const filter = { _id: { $gt: firstObjectId }, seq: { $exists: false } }
    return (await this.#messages.findOne(filter, { projection: { _id: 1 } })) !== null
  }

  /** With all they carry. One by one: a list of ids has no index on every MongoDB-wire server. */
  async whole(ids: ObjectId[]): Promise<(OldMessage | null)[]> {
    return Promise.all(ids.map((_id) => this.#messages.findOne({ _id })))
  }

  async chat(chatId: string): Promise<OldChat | null> {
    const _id = toDbId(chatId)
    return typeof _id === 'string' ? null : this.#chats.findOne({ _id })
  }

  async groupChats(after: ObjectId, limit: number): Promise<OldChat[]> {
    return this.#chats
      .find({ _id: { $gt: after }, isGroupChat: true })
      .sort({ _id: 1 })
      .limit(limit)
      .toArray()
  }

  /**
   * Adds the fields to messages that have none yet.
   */
  async write(writes: AdoptionWrite[]): Promise<AdoptionOutcome[]> {
    const operations = writes.map(({ _id, ...fields }) => ({
      updateOne: { filter: { _id, seq: { $exists: false } }, update: { $set: fields } },
    }))
    try {
      const { matchedCount } = await this.#messages.bulkWrite(operations, { ordered: false })
      if (matchedCount === writes.length) return writes.map(() => 'adopted')
    } catch (error) {
      if (!isDuplicateKey(error)) throw error
    }
    // Which of them is not told by every server.
    const outcomes: AdoptionOutcome[] = []
    for (const write of writes) outcomes.push(await this.#writeOne(write))
    return outcomes
  }

  async #writeOne({ _id, ...fields }: AdoptionWrite): Promise<AdoptionOutcome> {
    try {
      const { matchedCount } = await this.#messages.updateOne(
        { _id, seq: { $exists: false } },
        { $set: fields },
      )
      if (matchedCount === 1) return 'adopted'
    } catch (error) {
      if (!isDuplicateKey(error)) throw error
      return 'place-taken'
    }
    const found = await this.#messages.findOne({ _id }, { projection: { conversationId: 1, seq: 1 } })
    if (!found) return 'gone'
    const isSame = found.seq === fields.seq && found.conversationId === fields.conversationId
    return isSame ? 'adopted' : 'by-another'
  }

  /** All that was there before the first start is adopted. */
  async markComplete(): Promise<void> {
    await this.#progress.updateOne({ _id: 'adopted' }, { $setOnInsert: { at: new Date() } }, { upsert: true })
  }

  async isComplete(): Promise<boolean> {
    return (await this.#progress.findOne({ _id: 'adopted' })) !== null
  }
}
