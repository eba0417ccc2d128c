import type { Ack, SendAck, UserStatus } from '@earshot/protocol'
import type { Socket } from 'socket.io'
import t, { type Test } from 'tap'
import { EarshotClient, type OutboxItem, type OutboxStorage } from '../src/index.ts'
import { startTestServer } from './test-server.ts'

const retry = { baseDelayMs: 5, maxDelayMs: 20 }
const sent: Ack<SendAck> = {
  ok: true,
  _id: 'm1',
  conversationId: 'dm:a:b',
  seq: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  status: 'sent',
}
type Answer = (ack: Ack<SendAck>) => void

async function start(t: Test, onSocket: (socket: Socket) => void) {
  const { io, url } = await startTestServer(t)
  io.on('connection', onSocket)
  const client = new EarshotClient({ url, token: 'good', retry, ackTimeoutMs: 200 })
  t.teardown(() => client.close())
  return { client, io }
}

t.test('a send is repeated with the same id until the server takes it', async (t) => {
  const ids: string[] = []
  const { client } = await start(t, (socket) => {
    socket.on('message', (message: { clientMessageId: string }, answer: Answer) => {
      ids.push(message.clientMessageId)
      if (ids.length === 1) return // no answer: the ack times out
      if (ids.length === 2) return void socket.conn.close() // the connection is lost
      if (ids.length === 3) {
        return answer({ ok: false, error: { code: 'RATE_LIMITED', message: 'slow', retryAfterMs: 30 } })
      }
      answer(sent)
    })
  })
  await client.connect()
  const ack = await client.sendMessage({ recipientId: 'b', content: 'hello' })
  t.equal(ack.seq, 1)
  t.equal(ids.length, 4)
  t.equal(new Set(ids).size, 1)
  t.match(ids[0], /^[0-9a-f-]{36}$/)
})

t.test('a send that can never succeed is refused at once', async (t) => {
  let tries = 0
  const { client } = await start(t, (socket) => {
    socket.on('message', (_message: unknown, answer: Answer) => {
      tries += 1
      answer({ ok: false, error: { code: 'NOT_FOUND', message: 'There is no such user.' } })
    })
  })
  await client.connect()
  const sending = client.sendMessage({ recipientId: 'nobody', content: 'hello' })
  await t.rejects(sending, { name: 'CodedError', code: 'NOT_FOUND', message: 'There is no such user.' })
  t.equal(tries, 1)
})

t.test('tries of anything but a send are bounded', async (t) => {
  let tries = 0
  const { client } = await start(t, (socket) => {
    socket.on('react', (_message: unknown, answer: Answer) => {
      tries += 1
      answer({ ok: false, error: { code: 'RETRY_LATER', message: 'full' } })
    })
  })
  await client.connect()
  await t.rejects(client.react('m', '👍'), { code: 'RETRY_LATER' })
  t.equal(tries, 8)
})

t.test('a send goes on as long as the server says later; close ends it', async (t) => {
  let tries = 0
  const enough = Promise.withResolvers<void>()
  const { client } = await start(t, (socket) => {
    socket.on('message', (_message: unknown, answer: Answer) => {
      tries += 1
      if (tries > 10) enough.resolve()
      answer({ ok: false, error: { code: 'RETRY_LATER', message: 'full' } })
    })
  })
  await client.connect()
  const refused = t.rejects(client.sendMessage({ recipientId: 'b', content: 'x' }), { code: 'RETRY_LATER' })
  await enough.promise
  client.close()
  await refused
})

t.test('comes back after the server ends the connection, tells so and watches the same people', async (t) => {
  const watched: string[][] = []
  const { client, io } = await start(t, (socket) => {
    socket.on('presence_unsubscribe', (_payload: unknown, answer: (ack: object) => void) =>
      answer({ ok: true }),
    )
    socket.on('presence_subscribe', ({ userIds }: { userIds: string[] }, answer: (ack: object) => void) => {
      watched.push(userIds)
      const statuses = userIds.map((userId) => ({
        userId,
        isOnline: true,
        lastSeen: null,
        version: watched.length,
      }))
      answer({ ok: true, statuses })
    })
  })
  const told: string[] = []
  client.on('connected', () => told.push('connected'))
  client.on('reconnected', () => told.push('reconnected'))
  client.on('disconnected', ({ willReconnect }) => told.push(`disconnected ${willReconnect}`))
  await client.connect()
  await client.subscribe(['ann', 'bob'])
  await client.unsubscribe(['bob'])
  const status = new Promise<UserStatus>((resolve) => client.on('user_status_changed', resolve))
  io.disconnectSockets(true)
  t.match(await status, { userId: 'ann', version: 2 })
  t.strictSame(watched, [['ann', 'bob'], ['ann']])
  t.strictSame(told, ['connected', 'disconnected true', 'connected', 'reconnected'])
})

t.test('a refused token ends it, with the reason', async (t) => {
  const { io, url } = await startTestServer(t)
  io.use((socket, next) => {
    if (socket.handshake.auth.token === 'good') return next()
    const data = { code: 'UNAUTHENTICATED', message: 'The token has expired.' }
    next(Object.assign(new Error(data.code), { data }))
  })
  const client = new EarshotClient({ url, getToken: async () => 'bad' })
  t.teardown(() => client.close())
  const ends = new Promise((resolve) => client.on('disconnected', resolve))
  await t.rejects(client.connect(), { code: 'UNAUTHENTICATED', message: 'The token has expired.' })
  t.match(await ends, { willReconnect: false, error: { code: 'UNAUTHENTICATED' } })
  await t.rejects(client.sendMessage({ recipientId: 'b', content: 'x' }), { code: 'UNAUTHENTICATED' })
})

/** Lets in who has the token `good`. */
function onlyGood(socket: Socket, next: (error?: Error) => void): void {
  const data = { code: 'UNAUTHENTICATED', message: 'The token has expired.' }
  if (socket.handshake.auth.token === 'good') next()
  else next(Object.assign(new Error(data.code), { data }))
}

t.test('what was written before a token expired is kept, and goes out with a new one', async (t) => {
  const { io, url } = await startTestServer(t)
  io.use(onlyGood)
  const heard: string[] = []
  io.on('connection', (socket) =>
    socket.on('message', ({ content }: { content: string }, answer: Answer) => {
      heard.push(content)
      answer(sent)
    }),
  )
  const kept = new Map<string, OutboxItem>()
  const outbox: OutboxStorage = {
    load: async () => [...kept.values()],
    put: async (item) => void kept.set(item.clientMessageId, item),
    remove: async (id) => void kept.delete(id),
  }
  let token = 'old'
  const client = new EarshotClient({ url, getToken: () => token, outbox })
  t.teardown(() => client.close())
  const refused = client.on('send_refused', () => t.fail('it can still be sent'))
  const written = t.rejects(client.sendMessage({ recipientId: 'b', content: 'x' }), {
    code: 'UNAUTHENTICATED',
  })
  await t.rejects(client.connect(), { code: 'UNAUTHENTICATED' })
  await written
  t.equal(kept.size, 1)
  token = 'good'
  const isSent = new Promise((resolve) => client.on('sent', resolve))
  await client.connect()
  await isSent
  refused()
  t.same(heard, ['x'])
  t.equal(kept.size, 0)
})

t.test('a token that cannot be had for a moment is asked for again', async (t) => {
  const { io, url } = await startTestServer(t)
  io.use(onlyGood)
  let asked = 0
  const client = new EarshotClient({
    url,
    getToken: async () => {
      asked += 1
      if (asked === 1) throw new TypeError('fetch failed')
      return 'good'
    },
  })
  t.teardown(() => client.close())
  await client.connect()
  t.equal(asked, 2)
})

t.test('a token that expires is renewed on the standing connection, however often that takes', async (t) => {
  const { io, url } = await startTestServer(t)
  const renewed = new Promise((resolve) => {
    io.on('connection', (socket) => {
      socket.on('authenticate', ({ token }: { token: string }, answer: (ack: object) => void) => {
        answer({ ok: true })
        resolve(token)
      })
      socket.emit('token_expired', { graceMs: 30_000 })
    })
  })
  const tokens = ['first', new TypeError('fetch failed'), 'second']
  const client = new EarshotClient({
    url,
    retry,
    getToken: async () => {
      const next = tokens.shift()
      if (typeof next === 'string') return next
      throw next
    },
  })
  t.teardown(() => client.close())
  await client.connect()
  t.equal(await renewed, 'second')
})

t.test('a server that is full is asked again', async (t) => {
  const { io, url } = await startTestServer(t)
  let asked = 0
  io.use((_socket, next) => {
    asked += 1
    if (asked > 1) return next()
    const data = { code: 'RETRY_LATER', message: 'full', retryAfterMs: 10 }
    next(Object.assign(new Error(data.code), { data }))
  })
  const client = new EarshotClient({ url, token: 'good' })
  t.teardown(() => client.close())
  await client.connect()
  t.equal(asked, 2)
})
