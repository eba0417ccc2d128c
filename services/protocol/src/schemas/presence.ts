import Type from 'typebox'
import { defaultLimits } from '../limits.ts'
import { closed, Timestamp, UserId, UserName } from './common.ts'

export const LastSeen = Type.Union([Timestamp, Type.Null()], {
  description: 'The last sign of life; null for a user who never connected.',
})

export const UserStatus = Type.Object({
  userId: UserId,
  isOnline: Type.Boolean(),
  lastSeen: LastSeen,
  version: Type.Integer({ description: "Grows with each change of that user's state." }),
})
export type UserStatus = Type.Static<typeof UserStatus>

export const UserLastSeen = Type.Object({
  _id: UserId,
  name: UserName,
  isOnline: Type.Boolean(),
  lastSeen: LastSeen,
})
export type UserLastSeen = Type.Static<typeof UserLastSeen>

/** A ceiling for the validator; the operator's own limit is checked by the handler. */
const userIds = (maxItems: number) => Type.Array(UserId, { minItems: 1, maxItems })

export const UserIds = Type.Object({ userIds: userIds(defaultLimits.subscribeMaxUsersPerSocket) }, closed)
export type UserIds = Type.Static<typeof UserIds>

/** Existing clients send the bare id; `{ userId }` is the same thing said as an object. */
export const UserOnline = Type.Union([UserId, Type.Object({ userId: UserId }, closed)])
export type UserOnline = Type.Static<typeof UserOnline>

export const UserOnlineAck = Type.Object({
  node: Type.String({
    description: 'Opaque id of the node that holds the socket, for support and load tests.',
  }),
})
export type UserOnlineAck = Type.Static<typeof UserOnlineAck>

export const SubscribeAck = Type.Object({ statuses: Type.Array(UserStatus) })
export type SubscribeAck = Type.Static<typeof SubscribeAck>
