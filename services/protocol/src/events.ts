/**
 * The socket contract in one place: each event with the schema that validates it at run time, documents it in
 * AsyncAPI and types both ends.
 */
import Type, { type Static, type TSchema } from 'typebox'
import type { WireError } from './errors.ts'
import {
  ChangeAck,
  DeleteMessage,
  EditMessage,
  MessageDeleted,
  MessageEdited,
  MessageReaction,
  React,
} from './schemas/changes.ts'
import { closed, Empty, plainText } from './schemas/common.ts'
import { Group, GroupMemberChanged, GroupUpdated } from './schemas/conversations.ts'
import {
  Message,
  SendAck,
  SendGroupMessage,
  SendMessage,
  SendVoiceMessage,
  SyncAck,
  SyncRequest,
  VoiceMessageStored,
  VoicePosition,
  VoicePositionChanged,
} from './schemas/messages.ts'
import {
  GroupPresence,
  PresenceSubscription,
  PresenceUnsubscription,
  PresenceVisibility,
  SubscribeAck,
  UserOnline,
  UserOnlineAck,
  UserStatus,
} from './schemas/presence.ts'
import { MessageStatusChanged, Receipt, Typing, UserTyping } from './schemas/receipts.ts'

const Authenticate = Type.Object({ token: plainText({ minLength: 1, maxLength: 16_384 }) }, closed)

/** client → server. `ack` is what `{ ok: true, ... }` carries besides `ok`. */
export const clientEvents = {
  user_online: { payload: UserOnline, ack: UserOnlineAck },
  authenticate: { payload: Authenticate, ack: Empty },
  presence_subscribe: { payload: PresenceSubscription, ack: SubscribeAck },
  presence_unsubscribe: { payload: PresenceUnsubscription, ack: Empty },
  presence_visibility: { payload: PresenceVisibility, ack: PresenceVisibility },
  message: { payload: SendMessage, ack: SendAck },
  voice_message: { payload: SendVoiceMessage, ack: SendAck },
  group_message: { payload: SendGroupMessage, ack: SendAck },
  edit_message: { payload: EditMessage, ack: ChangeAck },
  delete_message: { payload: DeleteMessage, ack: ChangeAck },
  react: { payload: React, ack: ChangeAck },
  typing: { payload: Typing, ack: Empty },
  message_delivered: { payload: Receipt, ack: Empty },
  message_read: { payload: Receipt, ack: Empty },
  voice_played: { payload: Receipt, ack: Empty },
  voice_position: { payload: VoicePosition, ack: Empty },
  sync: { payload: SyncRequest, ack: SyncAck },
} as const satisfies Record<string, { payload: TSchema; ack: TSchema }>

/** server → client. */
export const serverEvents = {
  user_status_changed: UserStatus,
  group_presence: GroupPresence,
  new_message: Message,
  new_voice_message: Message,
  new_group_message: Message,
  new_group_voice_message: Message,
  voice_message_stored: VoiceMessageStored,
  voice_message_transcribed: VoiceMessageStored,
  voice_message_failed: VoiceMessageStored,
  voice_position_changed: VoicePositionChanged,
  message_edited: MessageEdited,
  message_deleted: MessageDeleted,
  message_reaction: MessageReaction,
  message_status_changed: MessageStatusChanged,
  user_typing: UserTyping,
  group_created: Group,
  group_updated: GroupUpdated,
  group_member_added: GroupMemberChanged,
  group_member_removed: GroupMemberChanged,
  token_expired: Type.Object({ graceMs: Type.Integer() }),
  sync_required: Type.Object({ reason: Type.String() }),
  error_message: Type.Object({ event: Type.String(), error: Type.Unsafe<WireError>({ type: 'object' }) }),
} as const satisfies Record<string, TSchema>

export type ClientEventName = keyof typeof clientEvents
export type ServerEventName = keyof typeof serverEvents
export type ClientPayload<E extends ClientEventName> = Static<(typeof clientEvents)[E]['payload']>
export type AckBody<E extends ClientEventName> = Static<(typeof clientEvents)[E]['ack']>
export type ServerPayload<E extends ServerEventName> = Static<(typeof serverEvents)[E]>

export type Ack<T> = ({ ok: true } & T) | { ok: false; error: WireError }

/** The types that `socket.io` and `socket.io-client` take. */
export type ClientToServerEvents = {
  [E in ClientEventName]: (payload: ClientPayload<E>, ack: (answer: Ack<AckBody<E>>) => void) => void
}
export type ServerToClientEvents = {
  [E in ServerEventName]: (payload: ServerPayload<E>) => void
}
