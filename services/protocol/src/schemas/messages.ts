import Type from 'typebox'
import { Change } from './changes.ts'
import { ClientMessageId, ClientTimestamp, closed, Id, Seq, Timestamp, UserId, UserName } from './common.ts'

export const MessageType = Type.Union([Type.Literal('text'), Type.Literal('file'), Type.Literal('voice')])
export type MessageType = Type.Static<typeof MessageType>

export const Waveform = Type.Array(Type.Number({ minimum: 0, maximum: 1 }), {
  maxItems: 512,
  description: 'Peaks from 0 to 1, evenly spaced over the length.',
})

/** A voice message on the way in: a `data:` URL, the bytes themselves, or an earlier upload. */
export const VoiceInput = Type.Object(
  {
    url: Type.Optional(
      Type.String({ minLength: 1, description: 'A `data:` URL, or `/media/<id>` of an upload.' }),
    ),
    data: Type.Optional(Type.Unsafe<Uint8Array>({ description: 'The bytes, as a binary attachment.' })),
    duration: Type.Number({ minimum: 0, description: 'Seconds.' }),
    mimeType: Type.String({ minLength: 1, maxLength: 128 }),
    size: Type.Integer({ minimum: 0, description: 'Bytes.' }),
    waveform: Type.Optional(Waveform),
  },
  closed,
)
export type VoiceInput = Type.Static<typeof VoiceInput>

/** A voice message on the way out: `url` is playable at once, and `/media/<id>` when stored. */
export const VoiceOutput = Type.Object({
  url: Type.String(),
  duration: Type.Number({ description: 'Seconds.' }),
  mimeType: Type.String(),
  size: Type.Integer({ description: 'Bytes.' }),
  waveform: Type.Optional(Waveform),
})
export type VoiceOutput = Type.Static<typeof VoiceOutput>

export const FileRef = Type.Object(
  {
    url: Type.String({
      pattern: '^/media/[A-Za-z0-9_-]{1,128}$',
      description: '`/media/<id>` of an upload.',
    }),
    name: Type.String({ minLength: 1, maxLength: 255 }),
    mimeType: Type.String({ minLength: 1, maxLength: 128 }),
    size: Type.Integer({ minimum: 0, description: 'Bytes.' }),
    width: Type.Optional(Type.Integer({ minimum: 1, description: 'Pixels, for images.' })),
    height: Type.Optional(Type.Integer({ minimum: 1, description: 'Pixels, for images.' })),
  },
  closed,
)
export type FileRef = Type.Static<typeof FileRef>

/** A file on the way out. Messages of the existing system name it where that keeps it. */
export const FileOutput = Type.Object({
  ...FileRef.properties,
  url: Type.String({ description: '`/media/<id>`, or the path or web address of the existing system.' }),
})
export type FileOutput = Type.Static<typeof FileOutput>

/** A ceiling for the validator; the operator's own limit is checked by the message service. */
const Content = Type.String({ maxLength: 1_000_000 })

const sendOptions = {
  clientMessageId: Type.Optional(ClientMessageId),
  replyTo: Type.Optional(Id),
  timestamp: Type.Optional(ClientTimestamp),
  senderId: Type.Optional(UserId),
  senderName: Type.Optional(UserName),
}

export const SendMessage = Type.Object(
  {
    recipientId: UserId,
    messageType: Type.Optional(Type.Union([Type.Literal('text'), Type.Literal('file')])),
    content: Type.Optional(Content),
    file: Type.Optional(FileRef),
    ...sendOptions,
  },
  closed,
)
export type SendMessage = Type.Static<typeof SendMessage>

export const SendVoiceMessage = Type.Object(
  { recipientId: UserId, voiceMessage: VoiceInput, ...sendOptions },
  closed,
)
export type SendVoiceMessage = Type.Static<typeof SendVoiceMessage>

export const SendGroupMessage = Type.Object(
  {
    groupId: Id,
    messageType: MessageType,
    content: Type.Optional(Content),
    file: Type.Optional(FileRef),
    voiceMessage: Type.Optional(VoiceInput),
    ...sendOptions,
  },
  closed,
)
export type SendGroupMessage = Type.Static<typeof SendGroupMessage>

/** One kind of reaction to a message, and whose it is. */
export const Reaction = Type.Object({ emoji: Type.String(), userIds: Type.Array(UserId) })
export type Reaction = Type.Static<typeof Reaction>

export const MessageStatus = Type.Union([
  Type.Literal('sent'),
  Type.Literal('delivered'),
  Type.Literal('read'),
])
export type MessageStatus = Type.Static<typeof MessageStatus>

/** A message as clients see it. */
export const Message = Type.Object({
  _id: Id,
  conversationId: Id,
  seq: Seq,
  clientMessageId: Type.Optional(ClientMessageId),
  sender: Type.Object({ _id: UserId, name: UserName }),
  recipientId: Type.Optional(UserId),
  groupId: Type.Optional(Id),
  messageType: MessageType,
  content: Type.String(),
  voiceMessage: Type.Optional(VoiceOutput),
  file: Type.Optional(FileOutput),
  replyTo: Type.Optional(Id),
  reactions: Type.Optional(Type.Array(Reaction)),
  createdAt: Timestamp,
  editedAt: Type.Optional(Timestamp),
  deletedAt: Type.Optional(Timestamp),
  status: MessageStatus,
})
export type Message = Type.Static<typeof Message>

export const SendAck = Type.Object({
  _id: Id,
  conversationId: Id,
  seq: Seq,
  createdAt: Timestamp,
  status: Type.Literal('sent'),
})
export type SendAck = Type.Static<typeof SendAck>

export const VoiceMessageStored = Type.Object({
  messageId: Id,
  conversationId: Id,
  voiceMessage: VoiceOutput,
})
export type VoiceMessageStored = Type.Static<typeof VoiceMessageStored>

export const HistoryQuery = Type.Object(
  {
    beforeSeq: Type.Optional(Type.Integer({ minimum: 1 })),
    afterSeq: Type.Optional(Type.Integer({ minimum: 0 })),
    limit: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  closed,
)
export type HistoryQuery = Type.Static<typeof HistoryQuery>

export const HistoryPage = Type.Object({ messages: Type.Array(Message), headSeq: Seq })
export type HistoryPage = Type.Static<typeof HistoryPage>

const SyncPosition = Type.Union([
  Seq,
  Type.Object({ seq: Seq, changeSeq: Type.Optional(Type.Integer({ minimum: 0 })) }, closed),
])
export const SyncRequest = Type.Object({ conversations: Type.Record(Id, SyncPosition) }, closed)
export type SyncRequest = Type.Static<typeof SyncRequest>

export const SyncedConversation = Type.Object({
  messages: Type.Array(Message),
  changes: Type.Array(Change),
  headSeq: Seq,
  headChangeSeq: Seq,
  complete: Type.Boolean({ description: 'False: ask again from the last message of this answer.' }),
})
export type SyncedConversation = Type.Static<typeof SyncedConversation>
export const SyncAck = Type.Object({ conversations: Type.Record(Id, SyncedConversation) })
export type SyncAck = Type.Static<typeof SyncAck>
