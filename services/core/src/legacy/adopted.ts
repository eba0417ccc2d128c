import type { FileRef, MessageType } from '@earshot/protocol'
import { ObjectId } from 'mongodb'
import { fromDbId, toDbId } from '../clients/mongo.ts'
import type { MessageDoc, ReactionDoc, VoiceDoc } from '../messages/message-doc.ts'
import { textOf } from './old-docs.ts'

/** What the adopter adds to a message of the existing system, beside `conversationId` and `seq`. */
export interface Adoption {
  sender: MessageDoc['sender']
  messageType: MessageType
  recipientId?: string
  groupId?: string
  createdAt: Date
  adoptedAt: Date
  /** Of audio in the document itself. */
  voice?: VoiceDoc
  file?: FileRef
  /** Absent: where the existing system has it, in the document or elsewhere. */
  filePlace?: 'stored'
}

/** A message in MongoDB: ours, or one that was adopted. They are told apart by the kind of their `_id`. */
export type StoredMessage = Omit<
  MessageDoc,
  '_id' | 'sender' | 'recipientId' | 'groupId' | 'createdAt' | 'deletedAt'
> & {
  _id: ObjectId | string
  sender: MessageDoc['sender'] | ObjectId
  recipientId?: string | ObjectId
  groupId?: string | ObjectId
  createdAt?: Date
  /** `null`: what the existing system may have for one that is not. */
  deletedAt?: Date | null
  earshot?: Adoption & { reactions?: Record<string, ReactionDoc> }
}

/** What reads of messages leave in the database: audio and files in base64. Our own messages have no such fields. */
export const withoutInlineMedia = { 'voiceMessage.url': 0, fileUrl: 0 } as const

/** The one place where a stored message becomes what the rest of the code knows. `null`: not adopted yet. */
export function toMessageDoc(stored: StoredMessage): MessageDoc | null {
  if (typeof stored._id === 'string') return stored as MessageDoc
  const { earshot, conversationId, seq, content, changeSeq, editChangeSeq, editedAt, deletedAt } = stored
  if (!earshot || seq === undefined) return null
  const { sender, messageType, recipientId, groupId, createdAt, adoptedAt, voice, file, reactions } = earshot
  return {
    _id: fromDbId(stored._id),
    conversationId,
    seq,
    sender,
    ...(recipientId !== undefined && { recipientId }),
    ...(groupId !== undefined && { groupId }),
    messageType,
    content: deletedAt ? '' : (textOf(content) ?? ''),
    ...(voice && !deletedAt && { voiceMessage: voice }),
    ...(file && !deletedAt && { file }),
    fingerprint: '',
    createdAt,
    adoptedAt,
    ...(changeSeq !== undefined && { changeSeq }),
    // What the existing system may have of these names is its own.
    ...(editChangeSeq !== undefined && editedAt && { editedAt, editChangeSeq }),
    ...(deletedAt instanceof Date && { deletedAt }),
    ...(reactions && { reactions }),
  }
}

export function senderOf({ sender, earshot }: Pick<StoredMessage, 'sender' | 'earshot'>): string {
  if (earshot) return earshot.sender._id
  return sender instanceof ObjectId ? sender.toHexString() : sender._id
}

/** Where a message's fields of ours are: beside those of an adopted message there may be others of the same names. */
export function fieldsOfMessage(messageId: string): { voice: string; reactions: string; carried: string[] } {
  if (typeof toDbId(messageId) === 'string') {
    return { voice: 'voiceMessage', reactions: 'reactions', carried: ['voiceMessage', 'file'] }
  }
  return {
    voice: 'earshot.voice',
    reactions: 'earshot.reactions',
    carried: ['earshot.voice', 'earshot.file', 'voiceMessage', 'file', 'fileUrl', 'fileName'],
  }
}
