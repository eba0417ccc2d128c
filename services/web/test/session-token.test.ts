import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { SessionToken } from '../src/features/session/session-token.ts'

const key = 'earshot.session'

function tokenOf(claims: object): string {
  return `e30.${Buffer.from(JSON.stringify({ sub: 'ann', name: 'Ann', ...claims })).toString('base64url')}.s`
}

function storageOf(): Storage {
  const items = new Map<string, string>()
  return {
    getItem: (name: string) => items.get(name) ?? null,
    setItem: (name: string, value: string) => void items.set(name, value),
  } as unknown as Storage
}

/** What the page has of a browser, and a service that answers a renewal. */
async function start(t: Test, answer: () => { status: number; body: object }) {
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    const { status, body } = answer()
    response.writeHead(status).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const [sessionStorage, localStorage] = [storageOf(), storageOf()]
  Object.assign(globalThis, { window: { location: { origin } }, sessionStorage, localStorage })
  const begin = (token: string) => {
    const session = { userId: 'ann', name: 'Ann', token }
    sessionStorage.setItem(key, JSON.stringify(session))
    const sessionToken = new SessionToken(session)
    t.teardown(() => sessionToken.stop())
    return sessionToken
  }
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { begin, sessionStorage, localStorage, asked: () => asked }
}

const nowS = () => Math.floor(Date.now() / 1_000)

t.test('renewed when half of its life is over, and kept where the session is', async (t) => {
  const fresh = tokenOf({ iat: nowS(), exp: nowS() + 3_600 })
  const { begin, sessionStorage, localStorage, asked } = await start(t, () => ({
    status: 200,
    body: { _id: 'ann', name: 'Ann', token: fresh, expiresAt: '' },
  }))
  const old = tokenOf({ iat: nowS() - 60, exp: nowS() + 30 })
  const token = begin(old)
  t.equal(token.get(), old, 'nobody waits for it')
  while (token.get() !== fresh) await new Promise(setImmediate)
  t.match(sessionStorage.getItem(key), fresh)
  t.equal(localStorage.getItem(key), null, 'who did not ask to be remembered is not')
  t.equal(asked(), 1)
})

t.test('one that is young, or that says nothing of its age, is left alone', async (t) => {
  const { begin, asked } = await start(t, () => ({ status: 500, body: {} }))
  begin(tokenOf({ iat: nowS(), exp: nowS() + 60 * 86_400 })).get()
  begin(tokenOf({})).get()
  await fetch(window.location.origin) // whatever they had asked would have come before
  t.equal(asked(), 1)
})

t.test("a platform's own token is asked for once", async (t) => {
  const { begin, asked } = await start(t, () => ({
    status: 403,
    body: { error: { code: 'FORBIDDEN', message: 'Another issuer.' } },
  }))
  const token = begin(tokenOf({ iat: nowS() - 60, exp: nowS() + 30 }))
  while (asked() === 0) await new Promise(setImmediate)
  await fetch(window.location.origin)
  for (let i = 0; i < 3; i++) token.get()
  await fetch(window.location.origin)
  t.equal(asked(), 3)
})
