import type { AccountService } from '@earshot/core/accounts/account-service'
import type { DemoPeopleService } from '@earshot/core/accounts/demo-people'
import type { Sessions } from '@earshot/core/accounts/sessions'
import { CodedError, DemoLogin, DemoPeople, LoginRequest, RegisterRequest, Session } from '@earshot/protocol'
import type { App } from '../app-type.ts'
import { bearerOf } from '../authenticate.ts'

/** Built-in accounts, for platforms without an identity provider of their own. */
export function accountRoutes(
  app: App,
  deps: { accounts: AccountService; demo: DemoPeopleService; sessions: Sessions; enabled: boolean },
): void {
  const mustBeOn = async () => {
    if (!deps.enabled) throw new CodedError('NOT_FOUND', 'Built-in accounts are switched off here.')
  }
  app.post(
    '/user/register',
    {
      schema: { tags: ['accounts'], body: RegisterRequest, response: { 201: Session } },
      onRequest: mustBeOn,
    },
    async (request, reply) => reply.code(201).send(await deps.accounts.register(request.body)),
  )
  app.post(
    '/user/login',
    { schema: { tags: ['accounts'], body: LoginRequest, response: { 200: Session } }, onRequest: mustBeOn },
    async (request) => deps.accounts.login(request.body),
  )
  app.post(
    '/user/renew',
    { schema: { tags: ['accounts'], response: { 200: Session } } },
    async ({ headers }) => deps.sessions.renew(bearerOf(headers.authorization)),
  )
  app.get('/user/demo', { schema: { tags: ['accounts'], response: { 200: DemoPeople } } }, async () => ({
    people: [...deps.demo.people],
  }))
  app.post(
    '/user/demo',
    { schema: { tags: ['accounts'], body: DemoLogin, response: { 200: Session } } },
    async (request) => deps.demo.session(request.body.username),
  )
}
