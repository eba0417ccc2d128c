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
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { App } from '../app-type.ts'
import { identityOf } from '../authenticate.ts'

const Search = Type.Object({ search: Type.Optional(plainText({ maxLength: 100 })) }, closed)
const UserParams = Type.Object({ userId: UserId })
/** No body at all. `null` would be made JSON first, with a type, and then dropped. */
const Unchanged = Type.Unsafe<undefined>(Type.Null())

/** Who there is, and when they were last seen. */
export function userRoutes(
  app: App,
  deps: {
    people: PeopleSearch
    presence: PresenceReader
    limits: Limits
    authenticate: (request: FastifyRequest) => Promise<void>
  },
): void {
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
    async (request, reply) => {
      const { 'if-none-match': known } = request.headers
      const polled = await deps.presence.poll(
        identityOf(request).userId,
        request.params.userId,
        known === undefined ? undefined : /^W\/"(.+)"$/.exec(known)?.[1],
      )
      if (!polled) throw new CodedError('NOT_FOUND', 'There is no such user.')
      // Weak: while somebody is online their state is the same, though the last sign of life moves on.
      reply.header('etag', `W/"${polled.tag}"`).header('cache-control', 'private, no-cache')
      return polled.user ?? reply.code(304).send(undefined)
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
      return { users: await deps.presence.lastSeen(identityOf(request).userId, userIds) }
    },
  )
}
