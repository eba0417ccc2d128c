import { AccountService } from '@earshot/core/accounts/account-service'
import { DemoPeopleService } from '@earshot/core/accounts/demo-people'
import { Sessions } from '@earshot/core/accounts/sessions'
import { PushHosts } from '@earshot/core/notifications/push-hosts'
import { PushSubscriptions } from '@earshot/core/notifications/push-subscriptions'
import { SubscriptionStore } from '@earshot/core/notifications/subscription-store'
import { authenticate } from '../http/authenticate.ts'
import { accountRoutes } from '../http/routes/account-routes.ts'
import { conversationRoutes } from '../http/routes/conversation-routes.ts'
import { mediaRoutes } from '../http/routes/media-routes.ts'
import { operationRoutes } from '../http/routes/operation-routes.ts'
import { peopleRoutes } from '../http/routes/people-routes.ts'
import { pushRoutes } from '../http/routes/push-routes.ts'
import { resumableUploadRoutes } from '../http/routes/resumable-upload-routes.ts'
import { uploadRoutes } from '../http/routes/upload-routes.ts'
import { userRoutes } from '../http/routes/user-routes.ts'
import { createHttpServer } from '../http/server.ts'
import { webPage } from '../http/web-page.ts'
import type { Basis } from './basis.ts'
import type { Parts } from './parts.ts'

/** The HTTP server with all routes; it does not listen yet. */
export async function createHttp({ basis, messaging, groups, presence, media }: Parts) {
  const { config, stores, tokens, limits, health, metrics, origins, log } = basis
  const app = await createHttpServer({ log, origins })
  const authenticated = { authenticate: authenticate(tokens, stores.users) }
  const { accounts, demo, sessions, subscriptions } = await createIdentities(basis)

  await app.register(async (scope) => operationRoutes(scope, { health, metrics, limits }))
  await app.register(async (scope) =>
    accountRoutes(scope, { accounts, demo, sessions, enabled: config.ACCOUNTS }),
  )
  await app.register(async (scope) =>
    userRoutes(scope, { people: presence.people, presence: presence.reader, limits, ...authenticated }),
  )
  await app.register(async (scope) =>
    conversationRoutes(scope, {
      lister: groups.lister,
      groups: groups.groups,
      history: messaging.history,
      changes: messaging.changes,
      search: messaging.search,
      limits,
      ...authenticated,
    }),
  )
  await app.register(async (scope) => pushRoutes(scope, { subscriptions, ...authenticated }))
  await app.register(async (scope) =>
    peopleRoutes(scope, {
      users: stores.users,
      blocks: stores.blocks,
      settings: stores.settings,
      visibility: presence.settings,
      ...authenticated,
    }),
  )
  await app.register(async (scope) =>
    mediaRoutes(scope, { media: media.media, signer: media.signer, ...authenticated }),
  )
  const receiving = { slots: media.slots, idleMs: config.MEDIA_IDLE_MS, ...authenticated }
  await app.register(async (scope) => uploadRoutes(scope, { intake: media.intake, limits, ...receiving }))
  await app.register(async (scope) =>
    resumableUploadRoutes(scope, {
      uploads: media.uploads,
      locks: media.locks,
      maxBytes: limits.fileMaxBytes,
      ...receiving,
    }),
  )
  if (config.WEB_ROOT) await webPage(app, config.WEB_ROOT)
  return app
}

async function createIdentities({ config, connected, stores, tokens, log }: Basis) {
  const { users } = stores
  const sessions = new Sessions({
    users,
    tokens,
    tokenTtlSeconds: config.TOKEN_TTL_S,
    maxSeconds: config.SESSION_MAX_S,
  })
  const demo = new DemoPeopleService({ users, sessions, enabled: config.DEMO_PEOPLE })
  await demo.introduce().catch((err: unknown) => log.warn({ err }, 'the demo people are not there'))
  return {
    demo,
    sessions,
    accounts: new AccountService(connected.db, sessions),
    subscriptions: new PushSubscriptions({
      store: new SubscriptionStore(connected.db),
      hosts: new PushHosts(config.PUSH_HOSTS),
      publicKey: config.VAPID_PUBLIC_KEY,
      maxPerUser: config.PUSH_MAX_PER_USER,
    }),
  }
}
