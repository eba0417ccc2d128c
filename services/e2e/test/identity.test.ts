import { createSecretKey } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DemoPeople, Session } from '@earshot/protocol'
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose'
import t from 'tap'
import { secret, startCluster } from '../src/cluster.ts'
import { TestClient } from '../src/test-client.ts'
import { mintToken } from '../src/tokens.ts'

const noWorker = { nodes: 1, workers: 0 }

t.test('who is let in by socket and HTTP', async (t) => {
  const cluster = await startCluster(t, noWorker)
  const url = cluster.url(0)
  const refused = async (token: string) => {
    const client = new TestClient(url, 'x', token, { reconnection: false })
    const error = await client.next<{ data?: { code: string } }>('connect_error')
    const response = await fetch(`${url}/chat`, { headers: { authorization: `Bearer ${token}` } })
    t.match(await response.json(), { error: { code: 'UNAUTHENTICATED' } })
    return [error.data?.code, response.status]
  }
  const none = `${btoa('{"alg":"none"}')}.${btoa('{"sub":"ann","exp":9999999999}')}.`
  t.same(await refused(none), ['UNAUTHENTICATED', 401], 'unsigned')
  t.same(await refused('rubbish'), ['UNAUTHENTICATED', 401])
  t.same(await refused(await mintToken('another-secret-altogether', 'ann')), ['UNAUTHENTICATED', 401])
  t.same(await refused(await mintToken(secret, 'ann', { expiresIn: '-1h' })), ['UNAUTHENTICATED', 401])
  t.same(await refused(await mintToken(secret, '')), ['UNAUTHENTICATED', 401], 'naming nobody')
  const client = new TestClient(url, 'x', '', { reconnection: false })
  const error = await client.next<{ data?: object }>('connect_error')
  t.match(error.data, { code: 'UNAUTHENTICATED', field: 'token' })
})

t.test("an issuer's keys; the token does not choose its algorithm", async (t) => {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }
  const issuer = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })))
  issuer.listen(0, '127.0.0.1')
  await once(issuer, 'listening')
  t.teardown(() => issuer.close())
  const jwksUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks`
  const cluster = await startCluster(t, {
    ...noWorker,
    env: { JWT_SECRET: '', JWKS_URL: jwksUrl, JWT_USER_CLAIM: 'uid', JWT_ISSUER: 'us', ACCOUNTS: 'false' },
  })
  const sign = (iss: string) =>
    new SignJWT({ uid: 42, name: 'Ann' })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuer(iss)
      .setExpirationTime('1h')
      .sign(privateKey)
  const ann = new TestClient(cluster.url(0), '42', await sign('us'))
  cluster.clients.push(ann)
  await ann.connected()
  t.match(await ann.get('/user/me'), { _id: '42', name: 'Ann' })
  const get = async (token: string) =>
    (await fetch(`${cluster.url(0)}/chat`, { headers: { authorization: `Bearer ${token}` } })).status
  t.equal(await get(await sign('others')), 401, 'another issuer')
  t.equal(
    await get(await mintToken(JSON.stringify(jwk), 'ann')),
    401,
    'HS256 with the public key for a secret',
  )
  const register = await fetch(`${cluster.url(0)}/user/register`, { method: 'POST', body: '{}' })
  t.equal(register.status, 404, 'built-in accounts are off')
})

t.test('built-in accounts', async (t) => {
  const cluster = await startCluster(t, noWorker)
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(cluster.url(0) + path, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    return { status: response.status, body: (await response.json()) as Session & { error?: object } }
  }
  const account = { username: 'Ann', password: 'correct horse', name: 'Ann A.' }
  const registered = await post('/user/register', account)
  t.match(registered, { status: 201, body: { _id: /^[0-9a-f]{24}$/, name: 'Ann A.', token: String } })
  t.match(
    await post('/user/register', { ...account, username: 'ANN' }),
    { status: 409 },
    'case does not matter',
  )
  t.match(await post('/user/login', { username: 'ann', password: 'correct horse' }), {
    status: 200,
    body: { _id: registered.body._id },
  })
  t.match(await post('/user/login', { username: 'ann', password: 'wrong horse' }), { status: 401 })
  t.match(await post('/user/login', { username: 'nobody', password: 'wrong horse' }), { status: 401 })
  t.match(await post('/user/login', { username: { $ne: '' }, password: 'x' }), {
    status: 400,
    body: { error: { field: 'username' } },
  })
  t.match(await post('/user/register', { username: 'b b', password: 'long enough' }), { status: 400 })
  t.match(await post('/user/register', { username: 'bob', password: 'short' }), {
    status: 400,
    body: { error: { field: 'password' } },
  })
  const stored = JSON.stringify(await cluster.db.collection('accounts').find({}).toArray())
  t.notMatch(stored, /correct horse/)
  const client = new TestClient(cluster.url(0), registered.body._id, registered.body.token)
  cluster.clients.push(client)
  await client.connected()
  t.match(await client.get('/user?search=ann'), { users: [{ _id: registered.body._id, name: 'Ann A.' }] })
})

t.test('a session is a chain of tokens that ends', async (t) => {
  const cluster = await startCluster(t, { ...noWorker, nodes: 2, env: { SESSION_MAX_S: '61' } })
  const renew = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` }
    const response = await fetch(`${cluster.url(1)}/user/renew`, { method: 'POST', headers })
    return { status: response.status, body: (await response.json()) as Session & { error?: object } }
  }
  const registered = await fetch(`${cluster.url(0)}/user/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'Ann', password: 'correct horse', name: 'Ann A.' }),
  })
  const session = (await registered.json()) as Session
  const next = await renew(session.token)
  t.match(next, { status: 200, body: { _id: session._id, name: 'Ann A.' } })
  t.equal((await renew(next.body.token)).status, 200)
  const endsAt = Date.parse(next.body.expiresAt)
  t.ok(endsAt <= Date.now() + 61_000, 'no token outlives the session')

  const login = decodeJwt(session.token).earshot_login
  const signed = (claims: object) =>
    new SignJWT({ sub: session._id, name: 'Ann A.', ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1h')
      .sign(createSecretKey(Buffer.from(secret)))
  const old = await signed({ earshot_login: Number(login) - 62 })
  t.match(await renew(old), { status: 401, body: { error: { code: 'UNAUTHENTICATED' } } })
  t.match(
    await renew(await signed({})),
    { status: 403, body: { error: { code: 'FORBIDDEN' } } },
    "a platform's own",
  )
  const expired = await mintToken(secret, session._id, { expiresIn: '-1h' })
  t.equal((await renew(expired)).status, 401)
  t.equal((await renew('')).status, 401)
})

t.test('a token that expires on an open socket: told, renewed, or let go', async (t) => {
  const cluster = await startCluster(t, { ...noWorker, env: { TOKEN_GRACE_MS: '1500' } })
  const soon = () => Math.floor(Date.now() / 1000) + 1
  const ann = new TestClient(cluster.url(0), 'ann', await mintToken(secret, 'ann', { expiresIn: soon() }))
  const bob = new TestClient(cluster.url(0), 'bob', await mintToken(secret, 'bob', { expiresIn: soon() }), {
    reconnection: false,
  })
  cluster.clients.push(ann, bob)
  await Promise.all([ann.connected(), bob.connected()])
  const gone = bob.next<string>('disconnect')
  await ann.hears('token_expired')
  t.match(await ann.raw('authenticate', { token: await mintToken(secret, 'bob') }), {
    error: { code: 'FORBIDDEN' },
  })
  await ann.send('authenticate', { token: await mintToken(secret, 'ann') })
  await bob.hears('token_expired')
  t.same(await gone, 'io server disconnect')
  t.ok(ann.socket.connected, 'who renewed stays')
})

t.test('demo people: only where the operator lets them be, without a password', async (t) => {
  const cluster = await startCluster(t, { ...noWorker, env: { DEMO_PEOPLE: 'true' } })
  const post = (path: string, body: object) =>
    fetch(`${cluster.url(0)}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const { people } = (await (await fetch(`${cluster.url(0)}/user/demo`)).json()) as DemoPeople
  t.match(people, [{ name: 'Ada' }, { name: 'Ben' }])
  const [ada, ben] = await Promise.all(
    people.map(async ({ username }) => {
      const session = (await (await post('/user/demo', { username })).json()) as Session
      const client = new TestClient(cluster.url(0), session._id, session.token)
      cluster.clients.push(client)
      await client.connected()
      return client
    }),
  )
  t.match(await ada?.get('/user?search=Ben'), { users: [{ name: 'Ben' }] })
  const heard = ben?.hears('new_message')
  await ada?.send('message', { recipientId: 'demo-ben', content: 'Hello' })
  t.match(await heard, { content: 'Hello', sender: { name: 'Ada' } })
  t.equal((await post('/user/demo', { username: 'eve' })).status, 404)
  t.equal((await post('/user/login', { username: 'ada', password: 'demo-ada' })).status, 401)

  const closed = await startCluster(t, noWorker)
  t.same(await (await fetch(`${closed.url(0)}/user/demo`)).json(), { people: [] })
  const refused = await fetch(`${closed.url(0)}/user/demo`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'ada' }),
  })
  t.equal(refused.status, 404)
})
