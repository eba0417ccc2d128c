import type { Message } from '@earshot/protocol'
import type { Db } from 'mongodb'
import type { View } from './client-model.ts'

/** A message as it is stored. */
export interface Stored {
  _id: string
  conversationId: string
  seq: number
  senderId: string
  clientMessageId?: string | undefined
  messageType: string
  content: string
  /** Of a voice message's audio. */
  sha256?: string | undefined
  /** A closed hole in the numbers: shown to nobody. */
  isVoid: boolean
}

interface StoredDoc {
  _id: string
  conversationId: string
  seq: number
  sender: { _id: string }
  clientMessageId?: string
  messageType: string
  content: string
  voiceMessage?: { sha256?: string }
  isVoid?: boolean
}

/** What was said, by conversation, in order. */
export type Truth = ReadonlyMap<string, readonly Stored[]>

/** From MongoDB: whatever a gateway says, this is what there is. */
export async function truthOfMongo(db: Db, conversationIds: string[]): Promise<Truth> {
  const docs = await db
    .collection<StoredDoc>('messages')
    .find({ conversationId: { $in: conversationIds } })
    .toArray()
  docs.sort((a, b) => a.seq - b.seq)
  return byConversation(
    conversationIds,
    docs.map((doc) => ({
      _id: doc._id,
      conversationId: doc.conversationId,
      seq: doc.seq,
      senderId: doc.sender._id,
      clientMessageId: doc.clientMessageId,
      messageType: doc.messageType,
      content: doc.content,
      sha256: doc.voiceMessage?.sha256,
      isVoid: doc.isVoid === true,
    })),
  )
}

/** Without MongoDB: what a client that starts from nothing is told. */
export function truthOfReaders(conversationIds: string[], views: ReadonlyMap<string, View>): Truth {
  const stored = [...views.values()].flatMap(({ messages }) => messages.map(fromMessage))
  return byConversation(conversationIds, stored)
}

function fromMessage(message: Message): Stored {
  return {
    _id: message._id,
    conversationId: message.conversationId,
    seq: message.seq,
    senderId: message.sender._id,
    clientMessageId: message.clientMessageId,
    messageType: message.messageType,
    content: message.content,
    isVoid: false,
  }
}

function byConversation(conversationIds: string[], stored: Stored[]): Truth {
  const groups = Map.groupBy(stored, ({ conversationId }) => conversationId)
  return new Map(conversationIds.map((id) => [id, groups.get(id) ?? []]))
}
