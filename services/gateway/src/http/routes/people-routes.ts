import type { UserSettings } from '@earshot/core/accounts/user-settings'
import type { UserStore } from '@earshot/core/accounts/user-store'
import type { BlockStore } from '@earshot/core/conversations/block-store'
import type { VisibilitySettings } from '@earshot/core/visibility/visibility-settings'
import { CodedError, closed, PresenceVisibility, UserId, UserSummary } from '@earshot/protocol'
import Type from 'typebox'
import type { App } from '../app-type.ts'
import { type Authenticate, identityOf } from '../authenticate.ts'

const UserParams = Type.Object({ userId: UserId })
const Settings = Type.Object(
  { receipts: Type.Boolean({ description: 'Read receipts, given and seen.' }) },
  closed,
)

/** Oneself: who one is, what one shows, whom one does not want to hear. */
export function peopleRoutes(
  app: App,
  deps: {
    users: UserStore
    blocks: BlockStore
    settings: UserSettings
    visibility: VisibilitySettings
    authenticate: Authenticate
  },
): void {
  app.addHook('onRequest', deps.authenticate)

  app.get('/user/me', { schema: { tags: ['users'], response: { 200: UserSummary } } }, async (request) => {
    const { userId, name } = identityOf(request)
    return { _id: userId, name }
  })

  app.put(
    '/user/me/settings',
    { schema: { tags: ['users'], body: Settings, response: { 200: Settings } } },
    async (request) => {
      await deps.settings.setReceipts(identityOf(request).userId, request.body.receipts)
      return request.body
    },
  )

  app.get(
    '/user/me/visibility',
    { schema: { tags: ['users', 'presence'], response: { 200: PresenceVisibility } } },
    async (request) => deps.visibility.get(identityOf(request).userId),
  )

  app.get(
    '/user/me/blocked',
    { schema: { tags: ['users'], response: { 200: Type.Object({ userIds: Type.Array(Type.String()) }) } } },
    async (request) => ({ userIds: await deps.blocks.blockedBy(identityOf(request).userId) }),
  )

  app.put(
    '/user/me/blocked/:userId',
    { schema: { tags: ['users'], params: UserParams, response: { 204: Type.Null() } } },
    async (request, reply) => {
      const { userId } = request.params
      if (userId === identityOf(request).userId) {
        throw new CodedError('BAD_REQUEST', 'You cannot block yourself.', { field: 'userId' })
      }
      if (!(await deps.users.exists(userId))) throw new CodedError('NOT_FOUND', 'There is no such user.')
      await deps.visibility.block(identityOf(request).userId, userId)
      return reply.code(204).send(null)
    },
  )

  app.delete(
    '/user/me/blocked/:userId',
    { schema: { tags: ['users'], params: UserParams, response: { 204: Type.Null() } } },
    async (request, reply) => {
      await deps.visibility.unblock(identityOf(request).userId, request.params.userId)
      return reply.code(204).send(null)
    },
  )
}
