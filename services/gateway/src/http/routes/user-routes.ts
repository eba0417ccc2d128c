import type { PresenceReader } from '@earshot/core/presence/presence-reader'
import type { PeopleSearch } from '@earshot/core/visibility/people-search'
import {
  CodedError,
  closed,
  type Limits,
  plainText,
  UserId,
  UserIds,
  UserLastSeen,
  UserSummary,
} from '@earshot/protocol'
import type { FastifyReply } from 'fastify'
import Type from 'typebox'
import type { App } from '../app-type.ts'
import { type Authenticate, identityOf } from '../authenticate.ts'

const Search = Type.Object({ search: Type.Optional(plainText({ maxLength: 100 })) }, closed)
const UserParams = Type.Object({ userId: UserId })
/** No body at all. `null` would be made JSON first, with a type, and then dropped. */
const Unchanged = Type.Unsafe<undefined>(Type.Null())

/** Weak: while somebody is online their state is the same, though the last sign of life moves on. */
const weakTag = /^W\/"(.+)"$/

/** Who there is, and when they were last seen. */
export function userRoutes(
  app: App,
  deps: {
    people: PeopleSearch
    presence: PresenceReader
    limits: Limits
    authenticate: Authenticate
  },
): void {
  const { presence } = deps
  app.addHook('onRequest', deps.authenticate)

  app.get(
    '/user',
    {
      schema: {
        tags: ['users'],
        querystring: Search,
        response: { 200: Type.Object({ users: Type.Array(UserSummary) }) },
      },
    },
    async (request) => ({
      users: await deps.people.search(identityOf(request).userId, request.query.search ?? '', 50),
    }),
  )

  app.get(
    '/user/lastSeen/:userId',
    { schema: { tags: ['presence'], params: UserParams, response: { 200: UserLastSeen, 304: Unchanged } } },
    (request, reply) => {
      const viewerId = identityOf(request).userId
      const { userId } = request.params
      const { 'if-none-match': given } = request.headers
      const known = given === undefined ? undefined : weakTag.exec(given)?.[1]
      if (known === undefined || !presence.isUnchanged(viewerId, userId, known)) {
        return answerPoll(reply, presence, { viewerId, userId, known })
      }
      // At once: a promise, and what Fastify does about one, cost more than the look.
      tagged(reply, known).code(304).send(undefined)
      return undefined
    },
  )

  app.post(
    '/user/lastSeen',
    {
      schema: {
        tags: ['presence'],
        body: UserIds,
        response: { 200: Type.Object({ users: Type.Array(UserLastSeen) }) },
      },
    },
    async (request) => {
      const { userIds } = request.body
      if (userIds.length > deps.limits.subscribeMaxUsers) {
        throw new CodedError('TOO_LARGE', `${deps.limits.subscribeMaxUsers} users at most.`, {
          field: 'userIds',
        })
      }
      return { users: await presence.lastSeen(identityOf(request).userId, userIds) }
    },
  )
}

async function answerPoll(
  reply: FastifyReply,
  presence: PresenceReader,
  poll: { viewerId: string; userId: string; known: string | undefined },
): Promise<UserLastSeen | undefined> {
  const polled = await presence.poll(poll.viewerId, poll.userId, poll.known)
  if (!polled) throw new CodedError('NOT_FOUND', 'There is no such user.')
  tagged(reply, polled.tag)
  if (!polled.user) reply.code(304).send(undefined)
  return polled.user
}

function tagged(reply: FastifyReply, tag: string): FastifyReply {
  return reply.header('etag', `W/"${tag}"`).header('cache-control', 'private, no-cache')
}
