import Type from 'typebox'
import { Change } from './changes.ts'
import {
  ClientMessageId,
  ClientTimestamp,
  ConversationId,
  ConversationKey,
  closed,
  count,
  Id,
  plainText,
  Seq,
  Timestamp,
  UserId,
  UserName,
  upTo,
} from './common.ts'

export const MessageType = Type.Union([Type.Literal('text'), Type.Literal('file'), Type.Literal('voice')])
export type MessageType = Type.Static<typeof MessageType>

export const Waveform = Type.Array(Type.Number({ minimum: 0, maximum: 1 }), {
  maxItems: 512,
  description: 'Peaks from 0 to 1, evenly spaced over the length.',
})

/** A ceiling for the validator, above every limit. */
const secondsMax = 1_000_000_000

/** A voice message on the way in: a `data:` URL, the bytes themselves, or an earlier upload. */
export const VoiceInput = Type.Object(
  {
    url: Type.Optional(
      Type.String({
        minLength: 1,
        ...upTo('voiceMaxSocketBytes'),
        description: 'A `data:` URL, or `/media/<id>` of an upload. Either this or `data`.',
      }),
    ),
    data: Type.Optional(
      Type.Unsafe<Uint8Array>({
        ...upTo('voiceMaxSocketBytes'),
        description: 'The bytes, as a binary attachment.',
      }),
    ),
    duration: Type.Number({
      minimum: 0,
      maximum: secondsMax,
      ...upTo('voiceMaxSeconds'),
      description: 'Seconds.',
    }),
    mimeType: plainText({ minLength: 1, maxLength: 128 }),
    size: count({ minimum: 0, description: 'Bytes.' }),
    waveform: Type.Optional(Waveform),
  },
  closed,
)
export type VoiceInput = Type.Static<typeof VoiceInput>

/** A step of the worker that did not succeed, whose job waits for an operator; `lost`: there is no audio any more. */
export const VoiceFailure = Type.Enum(['store', 'prepare', 'transcribe', 'lost'])
export type VoiceFailure = Type.Static<typeof VoiceFailure>

/** A voice message on the way out: `url` is playable at once, and `/media/<id>` when stored. */
export const VoiceOutput = Type.Object({
  url: Type.String({ description: 'What to play. Type and size are those of what is behind it.' }),
  duration: Type.Number({ description: 'Seconds, as measured where the sender was wrong.' }),
  mimeType: Type.String(),
  size: Type.Integer({ description: 'Bytes.' }),
  waveform: Type.Optional(Waveform),
  transcript: Type.Optional(Type.String({ description: 'What was said, where transcription is on.' })),
  failed: Type.Optional(VoiceFailure),
  position: Type.Optional(
    Type.Number({ description: 'Seconds: where you stopped, on whichever of your devices.' }),
  ),
  playedBy: Type.Optional(
    Type.Array(UserId, {
      description: 'Who has played it, as far as you may know: you, and of your own message the others.',
    }),
  ),
  original: Type.Optional(
    Type.Object(
      { url: Type.String(), mimeType: Type.String(), size: Type.Integer({ description: 'Bytes.' }) },
      { description: 'As it was sent, where `url` is a form of it that every browser plays.' },
    ),
  ),
})
export type VoiceOutput = Type.Static<typeof VoiceOutput>

export const FileRef = Type.Object(
  {
    url: Type.String({
      pattern: '^/media/[A-Za-z0-9_-]{1,128}$',
      maxLength: 135,
      examples: ['/media/an-upload'],
      description: '`/media/<id>` of an upload.',
    }),
    name: plainText({ minLength: 1, maxLength: 255 }),
    mimeType: plainText({ minLength: 1, maxLength: 128 }),
    size: count({ minimum: 0, description: 'Bytes.' }),
    width: Type.Optional(count({ minimum: 1, description: 'Pixels, for images.' })),
    height: Type.Optional(count({ minimum: 1, description: 'Pixels, for images.' })),
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
const Content = plainText({ maxLength: 1_000_000, ...upTo('textMaxChars') })

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
  conversationId: ConversationId,
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
  conversationId: ConversationId,
  seq: Seq,
  createdAt: Timestamp,
  status: Type.Literal('sent'),
})
export type SendAck = Type.Static<typeof SendAck>

export const VoiceMessageStored = Type.Object({
  messageId: Id,
  conversationId: ConversationId,
  voiceMessage: VoiceOutput,
})
export type VoiceMessageStored = Type.Static<typeof VoiceMessageStored>

/** Where the user stopped in a voice message; 0: at its end, or not begun. */
const Position = Type.Number({
  minimum: 0,
  maximum: secondsMax,
  description: 'Seconds from the start. 0: forget it.',
})

export const VoicePosition = Type.Object({ messageId: Id, position: Position }, closed)
export type VoicePosition = Type.Static<typeof VoicePosition>

export const VoicePositionChanged = Type.Object({
  messageId: Id,
  conversationId: ConversationId,
  position: Position,
})
export type VoicePositionChanged = Type.Static<typeof VoicePositionChanged>

/** More than a page may have are not asked in vain: so many are given as it may. */
export const PageSize = count({
  minimum: 1,
  description: 'At most `pageMaxItems` of `GET /limits` are given.',
})

export const HistoryQuery = Type.Object(
  {
    beforeSeq: Type.Optional(count({ minimum: 1 })),
    afterSeq: Type.Optional(count({ minimum: 0 })),
    limit: Type.Optional(PageSize),
  },
  closed,
)
export type HistoryQuery = Type.Static<typeof HistoryQuery>

export const HistoryPage = Type.Object({ messages: Type.Array(Message), headSeq: Seq })
export type HistoryPage = Type.Static<typeof HistoryPage>

const SyncPosition = Type.Union([
  Seq,
  Type.Object({ seq: Seq, changeSeq: Type.Optional(count({ minimum: 0 })) }, closed),
])
export const SyncRequest = Type.Object(
  {
    conversations: Type.Record(ConversationKey, SyncPosition, {
      ...closed,
      maxProperties: 5_000,
      ...upTo('syncMaxConversations'),
    }),
  },
  closed,
)
export type SyncRequest = Type.Static<typeof SyncRequest>

export const SyncedConversation = Type.Object({
  messages: Type.Array(Message),
  changes: Type.Array(Change),
  headSeq: Seq,
  headChangeSeq: Seq,
  complete: Type.Boolean({ description: 'False: ask again from the last message of this answer.' }),
  positions: Type.Optional(
    Type.Record(Id, Type.Number(), {
      description: 'Where you stopped in voice messages of this conversation, seconds by message.',
    }),
  ),
})
export type SyncedConversation = Type.Static<typeof SyncedConversation>
export const SyncAck = Type.Object({ conversations: Type.Record(Id, SyncedConversation) })
export type SyncAck = Type.Static<typeof SyncAck>
