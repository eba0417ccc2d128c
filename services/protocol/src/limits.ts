import Type from 'typebox'
import { defaultLimits } from './limit-defaults.ts'

const count = (description: string, value: number) =>
  Type.Integer({ minimum: 1, description, default: value })

/** Published by `GET /limits`, so that clients need not guess. Every value is configurable by the operator. */
export const Limits = Type.Object({
  textMaxChars: count('Characters in a text message.', defaultLimits.textMaxChars),
  voiceMaxSeconds: count('Length of a voice message.', defaultLimits.voiceMaxSeconds),
  voiceMaxBytes: count('Size of a voice message.', defaultLimits.voiceMaxBytes),
  voiceMaxSocketBytes: count(
    'Size of a voice message sent by socket; above it by upload.',
    defaultLimits.voiceMaxSocketBytes,
  ),
  socketMaxBytes: count(
    'Bytes of one event as it crosses the socket; over it the server closes the connection.',
    defaultLimits.socketMaxBytes,
  ),
  fileMaxBytes: count('Size of an uploaded file.', defaultLimits.fileMaxBytes),
  groupMaxMembers: count('Members of one group.', defaultLimits.groupMaxMembers),
  subscribeMaxUsers: count(
    'Users in one `presence_subscribe`; and as many a second that one user may go on naming.',
    defaultLimits.subscribeMaxUsers,
  ),
  subscribeMaxUsersPerSocket: count(
    'Users that one socket may watch.',
    defaultLimits.subscribeMaxUsersPerSocket,
  ),
  presenceNamesMaxMembers: count(
    'Members of a group up to which its presence is told by name; beyond it, as a count.',
    defaultLimits.presenceNamesMaxMembers,
  ),
  visibilityMaxExceptions: count(
    'Users in the `except` of `presence_visibility`.',
    defaultLimits.visibilityMaxExceptions,
  ),
  syncMaxConversations: count('Conversations in one `sync`.', defaultLimits.syncMaxConversations),
  pageMaxItems: count('Items in one page.', defaultLimits.pageMaxItems),
  sendsPerSecond: count(
    'Sends a second that one user may keep up; and as much typing, `sync` and search together.',
    defaultLimits.sendsPerSecond,
  ),
  sendsBurst: count('Sends that one user may make at once.', defaultLimits.sendsBurst),
  socketsPerUser: count('Sockets that one user may hold open.', defaultLimits.socketsPerUser),
  reactionKindsPerUser: count(
    'Different emoji with which one user may react to one message.',
    defaultLimits.reactionKindsPerUser,
  ),
  reactionKindsPerMessage: count(
    'Different emoji on one message, of all users.',
    defaultLimits.reactionKindsPerMessage,
  ),
  clientMessageIdMaxChars: count('Characters in a `clientMessageId`.', defaultLimits.clientMessageIdMaxChars),
})
export type Limits = Type.Static<typeof Limits>
