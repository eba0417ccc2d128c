import type { UserStore } from '@earshot/core/accounts/user-store'
import type { PresenceReader } from '@earshot/core/presence/presence-reader'
import { CodedError, type Limits, UserIds, UserLastSeen, UserSummary } from '@earshot/protocol'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { App } from '../app-type.ts'

const Search = Type.Object({ search: Type.Optional(Type.String({ maxLength: 100 })) })
const UserParams = Type.Object({ userId: Type.String({ minLength: 1, maxLength: 128 }) })

/** Who there is, and when they were last seen. */
export function userRoutes(
  app: App,
  deps: {
    users: UserStore
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
    async (request) => ({ users: await deps.users.search(request.query.search ?? '', 50) }),
  )

  app.get(
    '/user/lastSeen/:userId',
    { schema: { tags: ['presence'], params: UserParams, response: { 200: UserLastSeen, 304: Type.Null() } } },
    async (request, reply) => {
      const [user] = await deps.presence.lastSeen([request.params.userId])
      if (!user) throw new CodedError('NOT_FOUND', 'There is no such user.')
      // Weak: while somebody is online their state is the same, though the last renewal moves on.
      const etag = `W/"${user.isOnline ? 1 : 0}-${user.version.toString(36)}"`
      reply.header('etag', etag).header('cache-control', 'private, no-cache')
      if (request.headers['if-none-match'] === etag) return reply.code(304).send(null)
      const { version: _, ...body } = user
      return body
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
      return { users: await deps.presence.lastSeen(userIds) }
    },
  )
}
