/** What becomes of messages when Redis is full, or a connection to it breaks or hangs; and in which order it hears of them. */
import { once } from 'node:events'
import { commandClient } from '@earshot/core/clients/redis'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { startRedis } from '../../../infra/servers/redis.ts'
import { startCluster } from '../src/cluster.ts'
import { Gate } from '../src/gate.ts'
import { Wire } from '../src/wire.ts'

/** Two on two nodes, of which the one of ann has its Redis behind a gate. */
async function pairThroughGate(t: Test) {
  const { gate, url } = await Gate.to(process.env.TEST_REDIS_URL ?? '')
  t.teardown(() => gate.close())
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  await cluster.addGateway({ REDIS_URL: url })
  return { gate, bob: await cluster.connect('bob', 0), ann: await cluster.connect('ann', 1) }
}

t.test('what was asked by a connection that broke is refused before the next one serves', async (t) => {
  const { wire, url } = await Wire.to(process.env.TEST_REDIS_URL ?? '')
  const client = commandClient(url, 'asking')
  client.on('error', () => undefined)
  t.teardown(() => {
    client.disconnect()
    wire.close()
  })
  await client.connect()
  wire.mute()
  let isSettled = false
  const asked = client.get('x').finally(() => {
    isSettled = true
  })
  asked.catch(() => undefined)
  wire.cut()
  wire.mend()
  await once(client, 'ready')
  t.ok(isSettled)
  await t.rejects(asked)
  t.equal(await client.get('x'), null)
})

t.test('a connection for commands that hangs without an end is found out and made anew', async (t) => {
  const { wire, url } = await Wire.to(process.env.TEST_REDIS_URL ?? '')
  t.teardown(() => wire.close())
  const cluster = await startCluster(t, { nodes: 1 })
  await cluster.addGateway({ REDIS_URL: url })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  wire.unplug()
  const text = { recipientId: 'ann', content: 'are you there?', clientMessageId: 'b' }
  let answer = await bob.raw('message', text)
  while (!answer.ok) answer = await bob.raw('message', text)
  await ann.hears('new_message', ({ content }) => content === text.content)
  t.match(answer, { seq: 1 })
})

t.test('who cannot hear because a connection broke while it told is told to sync', async (t) => {
  const { gate, ann, bob } = await pairThroughGate(t)
  const { conversationId } = await ann.send('message', { recipientId: 'bob', content: 'hello' })
  await bob.hears('new_message')
  gate.drop('lost on its way')
  t.match(await ann.send('message', { recipientId: 'bob', content: 'lost on its way' }), { seq: 2 })
  await bob.hears('sync_required')
  const { conversations } = await bob.send('sync', { conversations: { [conversationId]: 1 } })
  t.match(conversations[conversationId]?.messages, [{ seq: 2, content: 'lost on its way' }])
})

t.test('Redis is full: said, with when to come again, and served when there is room', async (t) => {
  const redis = await startRedis()
  t.teardown(() => redis.stop())
  const cluster = await startCluster(t, { nodes: 1, workers: 0, redisUrl: redis.url })
  const ann = await cluster.connect('ann')
  const operator = new Redis(redis.url)
  t.teardown(() => operator.disconnect())
  await operator.config('SET', 'maxmemory', '1')
  const text = { recipientId: 'ann', content: 'note to self', clientMessageId: 'a' }
  t.match(await ann.raw('message', text), { ok: false, error: { code: 'RETRY_LATER', retryAfterMs: Number } })
  await operator.config('SET', 'maxmemory', '0')
  t.match(await ann.raw('message', text), { ok: true, seq: 1 })
})

t.test('a conversation is noted before others hear of it, however long the text', async (t) => {
  const { gate, ann, bob } = await pairThroughGate(t)
  for (const content of ['short', 'long '.repeat(2_000)]) {
    const asked = gate.record()
    await ann.send('message', { recipientId: 'bob', content })
    await bob.hears('new_message', (message) => message.content === content)
    const noted = asked().indexOf(JSON.stringify(content))
    t.ok(noted >= 0 && noted < asked().indexOf('["new_message"'))
  }
})
