import Type from 'typebox'
import { ConversationId, closed, count, Id, Seq, Timestamp, UserId, UserName } from './common.ts'

/** `{ conversationId, seq }`: everything up to `seq`; for `voice_played` that one message. */
export const Receipt = Type.Object({ conversationId: ConversationId, seq: count({ minimum: 1 }) }, closed)
export type Receipt = Type.Static<typeof Receipt>

/** How far a user has got in a conversation. */
export const Mark = Type.Object({
  userId: UserId,
  deliveredSeq: Seq,
  readSeq: Seq,
})
export type Mark = Type.Static<typeof Mark>

export const MessageStatusChanged = Type.Object({
  conversationId: ConversationId,
  userId: UserId,
  deliveredSeq: Seq,
  readSeq: Seq,
  playedSeq: Type.Optional(Type.Integer({ description: 'A voice message that was played.' })),
})
export type MessageStatusChanged = Type.Static<typeof MessageStatusChanged>

export const Typing = Type.Object(
  {
    recipientId: Type.Optional(UserId),
    groupId: Type.Optional(Id),
    isTyping: Type.Boolean(),
    activity: Type.Optional(Type.Union([Type.Literal('text'), Type.Literal('voice')])),
  },
  closed,
)
export type Typing = Type.Static<typeof Typing>

export const UserTyping = Type.Object({
  conversationId: ConversationId,
  userId: UserId,
  name: UserName,
  isTyping: Type.Boolean(),
  activity: Type.Union([Type.Literal('text'), Type.Literal('voice')]),
  expiresAt: Type.Optional(Timestamp),
})
export type UserTyping = Type.Static<typeof UserTyping>
