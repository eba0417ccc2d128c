import type { Change } from '@earshot/protocol'
import type { Collection, Db } from 'mongodb'
import { isDuplicateKey } from '../clients/duplicate-key.ts'

/** What was done to a message after it was sent. Its number is dense in the conversation. */
export type ChangeBody =
  | { kind: 'edit'; content: string }
  /** With what the message carried, to be freed. */
  | { kind: 'delete'; mediaIds: string[] }
  | { kind: 'reaction'; emoji: string; remove: boolean }
  /** A hole in the numbering that was closed. */
  | { kind: 'void' }

export type ChangeDoc = ChangeBody & {
  /** `<conversationId>:<changeSeq>`: a number is taken once. */
  _id: string
  conversationId: string
  changeSeq: number
  messageId: string
  /** The message's place. */
  seq: number
  userId: string
  at: Date
  /** Logged, but perhaps not in the message yet. */
  isPending?: true
}

const pendingLookedAt = 20

/** The log of changes: written before the message is changed, so that who was away learns of every one. */
export class ChangeStore {
  readonly #changes: Collection<ChangeDoc>

  constructor(db: Db) {
    this.#changes = db.collection<ChangeDoc>('changes')
  }

  /** Returns false when the number is taken. */
  async insert(change: ChangeDoc): Promise<boolean> {
    try {
      await this.#changes.insertOne(change)
      return true
    } catch (error) {
      if (!isDuplicateKey(error)) throw error
      return false
    }
  }

  /** The change is in the message, and all that follows from it is done. */
  async settle(change: ChangeDoc): Promise<void> {
    await this.#changes.updateOne({ _id: change._id }, { $unset: { isPending: '' } })
  }

  /** A message is deleted: what it said before goes too. The numbers stay, so that they are dense. */
  async forgetEdits(messageId: string): Promise<void> {
    await this.#changes.updateMany({ messageId, kind: 'edit' }, { $set: { content: '' } })
  }

  /** Changes whose node died before it had brought them to their end. */
  async leftPending(olderThanMs: number, limit: number): Promise<ChangeDoc[]> {
    const before = new Date(Date.now() - olderThanMs)
    return this.#changes
      .find({ isPending: true, at: { $lt: before } })
      .limit(limit)
      .toArray()
  }

  async exists(conversationId: string, changeSeq: number): Promise<boolean> {
    const _id = changeId(conversationId, changeSeq)
    return (await this.#changes.findOne({ _id }, { projection: { _id: 1 } })) !== null
  }

  async headSeq(conversationId: string): Promise<number> {
    const last = await this.#changes.findOne(
      { conversationId },
      { sort: { changeSeq: -1 }, projection: { changeSeq: 1 } },
    )
    return last?.changeSeq ?? 0
  }

  /**
   * The last number up to which changes are in their messages. One that is not yet will be told; one that was left there by
   * a node that died is finished by the worker within seconds, long before so many others follow.
   */
  async settledSeq(conversationId: string): Promise<number> {
    const last = await this.#changes
      .find({ conversationId }, { sort: { changeSeq: -1 }, projection: { changeSeq: 1, isPending: 1 } })
      .limit(pendingLookedAt)
      .toArray()
    const pending = last.filter(({ isPending }) => isPending).map(({ changeSeq }) => changeSeq)
    return pending.length > 0 ? Math.min(...pending) - 1 : (last[0]?.changeSeq ?? 0)
  }

  async after(conversationId: string, changeSeq: number, limit: number): Promise<ChangeDoc[]> {
    return this.#changes
      .find({ conversationId, changeSeq: { $gt: changeSeq } })
      .sort({ changeSeq: 1 })
      .limit(limit)
      .toArray()
  }

  async closeHole(conversationId: string, changeSeq: number): Promise<boolean> {
    return this.insert({
      _id: changeId(conversationId, changeSeq),
      conversationId,
      changeSeq,
      messageId: '',
      seq: 0,
      userId: '',
      at: new Date(),
      kind: 'void',
    })
  }
}

export function changeId(conversationId: string, changeSeq: number): string {
  return `${conversationId}:${changeSeq}`
}

/** The wire form, an event with its name as `type`; `undefined` for what is no change. */
export function toChange(doc: ChangeDoc): Change | undefined {
  const { messageId, conversationId, seq, changeSeq, userId } = doc
  const fields = { messageId, conversationId, seq, changeSeq }
  const at = doc.at.toISOString()
  switch (doc.kind) {
    case 'edit':
      return { type: 'message_edited', ...fields, content: doc.content, editedAt: at }
    case 'delete':
      return { type: 'message_deleted', ...fields, deletedAt: at }
    case 'reaction':
      return { type: 'message_reaction', ...fields, userId, emoji: doc.emoji, remove: doc.remove }
    case 'void':
      return undefined
  }
}
