import Type from 'typebox'

const count = (description: string, value: number) =>
  Type.Integer({ minimum: 1, description, default: value })

/** Published by `GET /limits`, so that clients need not guess. Every value is configurable by the operator. */
export const Limits = Type.Object({
  textMaxChars: count('Characters in a text message.', 10_000),
  voiceMaxSeconds: count('Length of a voice message.', 15 * 60),
  voiceMaxBytes: count('Size of a voice message.', 10_000_000),
  voiceMaxSocketBytes: count('Size of a voice message sent by socket; above it by upload.', 4_000_000),
  fileMaxBytes: count('Size of an uploaded file.', 100_000_000),
  groupMaxMembers: count('Members of one group.', 5_000),
  subscribeMaxUsers: count('Users in one `presence_subscribe`.', 500),
  subscribeMaxUsersPerSocket: count('Users that one socket may watch.', 5_000),
  syncMaxConversations: count('Conversations in one `sync`.', 200),
  pageMaxItems: count('Items in one page.', 200),
  sendsPerSecond: count('Sends a second that one user may keep up.', 20),
  sendsBurst: count('Sends that one user may make at once.', 200),
  socketsPerUser: count('Sockets that one user may hold open.', 10),
  clientMessageIdMaxChars: count('Characters in a `clientMessageId`.', 128),
})
export type Limits = Type.Static<typeof Limits>

export const defaultLimits = Object.fromEntries(
  Object.entries(Limits.properties).map(([name, schema]) => [
    name,
    (schema as unknown as { default: number }).default,
  ]),
) as Limits
