import type { PushSubscriptions } from '@earshot/core/notifications/push-subscriptions'
import {
  Id,
  PushKey,
  PushSubscriptionInput,
  PushSubscriptionList,
  PushSubscriptionRecord,
} from '@earshot/protocol'
import Type from 'typebox'
import type { App } from '../app-type.ts'
import { type Authenticate, identityOf } from '../authenticate.ts'

const SubscriptionParams = Type.Object({ subscriptionId: Id })

/** Which of one's devices get push notifications. */
export function pushRoutes(
  app: App,
  deps: { subscriptions: PushSubscriptions; authenticate: Authenticate },
): void {
  const { subscriptions } = deps
  const tags = ['notifications']
  app.addHook('onRequest', deps.authenticate)

  app.get('/push/key', { schema: { tags, response: { 200: PushKey } } }, async () => ({
    publicKey: subscriptions.publicKey(),
  }))

  app.get(
    '/push/subscriptions',
    { schema: { tags, response: { 200: PushSubscriptionList } } },
    async (request) => ({
      subscriptions: await subscriptions.list(identityOf(request).userId),
    }),
  )

  app.post(
    '/push/subscriptions',
    { schema: { tags, body: PushSubscriptionInput, response: { 201: PushSubscriptionRecord } } },
    async (request, reply) =>
      reply.code(201).send(await subscriptions.add(identityOf(request).userId, request.body)),
  )

  app.delete(
    '/push/subscriptions/:subscriptionId',
    { schema: { tags, params: SubscriptionParams, response: { 204: Type.Null() } } },
    async (request, reply) => {
      await subscriptions.drop(identityOf(request).userId, request.params.subscriptionId)
      return reply.code(204).send(null)
    },
  )
}
