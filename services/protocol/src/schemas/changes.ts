import Type from 'typebox'
import { ConversationId, closed, Id, plainText, Seq, Timestamp, UserId, upTo } from './common.ts'

const Emoji = plainText({ minLength: 1, maxLength: 32, description: 'One emoji, as text.' })

export const DeleteMessage = Type.Object({ messageId: Id }, closed)
export type DeleteMessage = Type.Static<typeof DeleteMessage>

export const EditMessage = Type.Object(
  { messageId: Id, content: plainText({ maxLength: 1_000_000, ...upTo('textMaxChars') }) },
  closed,
)
export type EditMessage = Type.Static<typeof EditMessage>

export const React = Type.Object(
  { messageId: Id, emoji: Emoji, remove: Type.Optional(Type.Boolean()) },
  closed,
)
export type React = Type.Static<typeof React>

const changeFields = {
  messageId: Id,
  conversationId: ConversationId,
  seq: Type.Integer({ description: "The message's place." }),
  changeSeq: Type.Integer({ description: 'Number of this change in its conversation, dense from 1.' }),
}

export const MessageDeleted = Type.Object({ ...changeFields, deletedAt: Timestamp })
export type MessageDeleted = Type.Static<typeof MessageDeleted>

export const MessageEdited = Type.Object({ ...changeFields, content: Type.String(), editedAt: Timestamp })
export type MessageEdited = Type.Static<typeof MessageEdited>

export const MessageReaction = Type.Object({
  ...changeFields,
  userId: UserId,
  emoji: Type.String(),
  remove: Type.Boolean({ description: 'True: taken back.' }),
})
export type MessageReaction = Type.Static<typeof MessageReaction>

/** A change as `sync` tells it: the event that was missed, with its name as `type`. */
export const Change = Type.Union([
  Type.Object({ type: Type.Literal('message_deleted'), ...MessageDeleted.properties }),
  Type.Object({ type: Type.Literal('message_edited'), ...MessageEdited.properties }),
  Type.Object({ type: Type.Literal('message_reaction'), ...MessageReaction.properties }),
])
export type Change = Type.Static<typeof Change>

/** The change's number; 0 where there was nothing to change any more. */
export const ChangeAck = Type.Object({ messageId: Id, conversationId: ConversationId, changeSeq: Seq })
export type ChangeAck = Type.Static<typeof ChangeAck>
