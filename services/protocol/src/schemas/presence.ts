import Type from 'typebox'
import { defaultLimits } from '../limit-defaults.ts'
import { closed, Id, Timestamp, UserId, UserName, upTo } from './common.ts'

export const LastSeen = Type.Union([Timestamp, Type.Null()], {
  description:
    'The last sign of life; null for a user who never connected, or whose status is not for you to see.',
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
const ceiling = { minItems: 1, maxItems: defaultLimits.subscribeMaxUsersPerSocket }
const userIds = Type.Array(UserId, ceiling)

export const UserIds = Type.Object(
  { userIds: Type.Array(UserId, { ...ceiling, ...upTo('subscribeMaxUsers') }) },
  closed,
)
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

const atLeastOne = { ...closed, minProperties: 1 }

/** At least one of the two. A group is its members, by name; one that is too large for that is a count. */
export const PresenceSubscription = Type.Object(
  {
    userIds: Type.Optional(Type.Array(UserId, { ...ceiling, ...upTo('subscribeMaxUsers') })),
    groupIds: Type.Optional(Type.Array(Id, { ...ceiling, ...upTo('subscribeMaxUsers') })),
  },
  atLeastOne,
)
export type PresenceSubscription = Type.Static<typeof PresenceSubscription>

/** As many users at once as a socket may watch; of groups as many as in one subscription. */
export const PresenceUnsubscription = Type.Object(
  {
    userIds: Type.Optional(userIds),
    groupIds: Type.Optional(Type.Array(Id, { ...ceiling, ...upTo('subscribeMaxUsers') })),
  },
  atLeastOne,
)

export const GroupPresence = Type.Object({
  groupId: Id,
  memberCount: Type.Integer(),
  onlineCount: Type.Union([Type.Integer(), Type.Null()], {
    description: 'Members online who show it to everyone; null for one who does not show it to everyone.',
  }),
  version: Type.Integer({ description: 'Grows with each count of that group.' }),
})
export type GroupPresence = Type.Static<typeof GroupPresence>

export const SubscribeAck = Type.Object({
  statuses: Type.Array(UserStatus),
  groups: Type.Optional(
    Type.Array(GroupPresence, { description: 'Of groups that are too large to name their members.' }),
  ),
})
export type SubscribeAck = Type.Static<typeof SubscribeAck>

/** Who may see when one is online, was last seen, types or records. Who hides theirs does not see others'. */
export const PresenceVisibility = Type.Object(
  {
    lastSeen: Type.Enum(['everyone', 'contacts', 'nobody'], {
      description: 'contacts: those whom one has written to in a one-to-one conversation.',
    }),
    except: Type.Optional(
      Type.Array(UserId, {
        maxItems: 10_000,
        ...upTo('visibilityMaxExceptions'),
        description: 'Those for whom it is the other way round: with nobody, they alone see it.',
      }),
    ),
  },
  closed,
)
export type PresenceVisibility = Type.Static<typeof PresenceVisibility>
