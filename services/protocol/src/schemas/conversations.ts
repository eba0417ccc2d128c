import Type from 'typebox'
import { ConversationId, closed, count, Id, plainText, Seq, UserId, upTo } from './common.ts'
import { Message } from './messages.ts'
import { Mark } from './receipts.ts'

export const GroupRole = Type.Union([Type.Literal('owner'), Type.Literal('admin'), Type.Literal('member')])
export type GroupRole = Type.Static<typeof GroupRole>

export const GroupMember = Type.Object({ userId: UserId, role: GroupRole })
export type GroupMember = Type.Static<typeof GroupMember>

export const GroupName = plainText({ minLength: 1, maxLength: 200 })

export const CreateGroup = Type.Object(
  {
    name: GroupName,
    members: Type.Array(UserId, {
      maxItems: 100_000,
      ...upTo('groupMaxMembers'),
      description: 'Besides yourself.',
    }),
  },
  closed,
)
export type CreateGroup = Type.Static<typeof CreateGroup>

export const SetMember = Type.Object({ role: Type.Optional(GroupRole) }, closed)
export type SetMember = Type.Static<typeof SetMember>

export const Group = Type.Object({
  _id: Id,
  name: GroupName,
  members: Type.Array(GroupMember, {
    description: 'All; in an event none when they are more than 100: ask `GET /group/:id`.',
  }),
  memberCount: Type.Integer({ minimum: 0 }),
  conversationId: ConversationId,
})
export type Group = Type.Static<typeof Group>

export const GroupMemberChanged = Type.Object({
  groupId: Id,
  conversationId: ConversationId,
  userId: UserId,
  role: Type.Optional(GroupRole),
})
export type GroupMemberChanged = Type.Static<typeof GroupMemberChanged>

export const PatchGroup = Type.Object({ name: GroupName }, closed)
export type PatchGroup = Type.Static<typeof PatchGroup>

export const GroupUpdated = Type.Object({
  groupId: Id,
  conversationId: ConversationId,
  name: Type.Optional(GroupName),
  isDeleted: Type.Optional(Type.Boolean()),
})
export type GroupUpdated = Type.Static<typeof GroupUpdated>

export const Conversation = Type.Object({
  _id: Id,
  kind: Type.Union([Type.Literal('direct'), Type.Literal('group')]),
  name: Type.Optional(Type.String()),
  members: Type.Array(Type.Object({ userId: UserId, name: Type.Optional(Type.String()) }), {
    description: 'Of a one-to-one conversation. A group may have thousands: ask `GET /group/:id`.',
  }),
  lastMessage: Type.Union([Message, Type.Null()]),
  unreadCount: count({ minimum: 0, description: 'After what you have read, or written yourself.' }),
  marks: Type.Array(Mark, { description: "Your own, and in a one-to-one conversation the other's." }),
  headSeq: Seq,
})
export type Conversation = Type.Static<typeof Conversation>

export const ConversationList = Type.Object({
  conversations: Type.Array(Conversation),
  next: Type.Optional(Type.String({ description: 'Ask for the next page by `?before=`.' })),
})
export type ConversationList = Type.Static<typeof ConversationList>
