import { commandClient } from '@earshot/core/clients/redis'
import { loadConfig } from '@earshot/core/config/load'
import { ConversationHeads } from '@earshot/core/conversations/conversation-heads'
import { ConversationStore } from '@earshot/core/conversations/conversation-store'
import { MessageStore } from '@earshot/core/messages/message-store'
import { createLogger } from '@earshot/core/observability/logger'
import { createMetrics } from '@earshot/core/observability/metrics'
import type { ConversationList, HistoryPage } from '@earshot/protocol'
import t from 'tap'
import { type Cluster, startCluster } from '../src/cluster.ts'
import type { TestClient } from '../src/test-client.ts'
import { Wire } from '../src/wire.ts'

const list = async (client: TestClient) => client.get<ConversationList>('/chat')
const contents = ({ conversations }: ConversationList) =>
  conversations.map(({ lastMessage }) => lastMessage?.content)

/** Heads and marks that wait in Redis for MongoDB, with all that is kept of them. */
async function waiting(cluster: Cluster): Promise<string[]> {
  const keys = await Promise.all(
    ['heads', 'marks'].map((kind) => cluster.redis.keys(`${cluster.prefix}:{${kind}*`)),
  )
  return keys.flat()
}

const stored = (cluster: Cluster) =>
  cluster.db
    .collection<{ headSeq: number; lastMessage: { content: string } | null }>('conversations')
    .find({})
    .toArray()

t.test('two workers write what waits, once and for all', async (t) => {
  const cluster = await startCluster(t, { workers: 2, env: { WRITE_BEHIND_FLUSH_MS: '10' } })
  const ann = await cluster.connect('ann', 0)
  const others = await Promise.all(Array.from({ length: 10 }, (_, i) => cluster.connect(`u${i}`, 1)))
  for (let round = 1; round <= 10; round++) {
    const acks = await Promise.all(
      others.map(({ userId }) => ann.send('message', { recipientId: userId, content: `${round}` })),
    )
    await Promise.all(
      acks.map(({ conversationId, seq }, i) => others[i]?.send('message_read', { conversationId, seq })),
    )
    for (const { headSeq, marks } of (await list(ann)).conversations)
      t.match({ headSeq, marks }, { headSeq: round, marks: [{ readSeq: round }] })
  }
  while ((await waiting(cluster)).length > 0) await list(ann)
  const kept = await stored(cluster)
  t.same(
    kept.map(({ headSeq, lastMessage }) => [headSeq, lastMessage?.content]),
    others.map(() => [10, '10']),
  )
  const marks = await cluster.db.collection('marks').find({}).toArray()
  t.same(
    marks.map(({ deliveredSeq, readSeq }) => [deliveredSeq, readSeq]),
    others.map(() => [10, 10]),
  )
})

t.test('a conversation in which people write now is left to another run, and then written', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const config = loadConfig(cluster.env)
  const redis = commandClient(config.REDIS_URL, 'test')
  t.teardown(() => redis.disconnect())
  await redis.connect()
  const { db, prefix } = cluster
  const heads = new ConversationHeads({
    store: new ConversationStore(db),
    messages: new MessageStore(db),
    writeBehind: {
      redis,
      options: { prefix, shards: config.WRITE_BEHIND_SHARDS, max: config.WRITE_BEHIND_MAX },
      log: createLogger({ level: 'silent', role: 'test', nodeId: 'test' }),
      metrics: createMetrics({ role: 'test', node: 'test' }),
    },
  })
  const ann = await cluster.connect('ann', 0)
  await cluster.connect('bob', 1)
  await ann.send('message', { recipientId: 'bob', content: '1' })
  await heads.flush({ quietMs: 60_000 })
  t.match(await stored(cluster), [{ headSeq: 0 }], 'not yet')
  t.same(contents(await list(ann)), ['1'], 'it is in the list all the same')
  await heads.flush()
  t.match(await stored(cluster), [{ headSeq: 1, lastMessage: { content: '1' } }])
  t.same(await waiting(cluster), [])
})

t.test('a worker is killed while it writes: another one goes on, nothing is lost', async (t) => {
  const cluster = await startCluster(t, { workers: 0, env: { WRITE_BEHIND_FLUSH_MS: '10' } })
  const doomed = await cluster.addProcess('worker')
  const ann = await cluster.connect('ann', 0)
  const others = await Promise.all(Array.from({ length: 10 }, (_, i) => cluster.connect(`u${i}`, 1)))
  const say = (content: string) =>
    Promise.all(others.map(({ userId }) => ann.send('message', { recipientId: userId, content })))
  await say('1')
  while (!(await stored(cluster)).some(({ headSeq }) => headSeq === 1)) await list(ann)
  const saying = say('2')
  await doomed.kill('SIGKILL')
  await saying
  await say('3')
  t.same(
    contents(await list(ann)),
    others.map(() => '3'),
    'while nobody writes',
  )
  await cluster.addWorker()
  while ((await waiting(cluster)).length > 0) await list(ann)
  const kept = await stored(cluster)
  t.same(
    kept.map(({ headSeq, lastMessage }) => [headSeq, lastMessage?.content]),
    others.map(() => [3, '3']),
  )
})

t.test(
  'a gateway is killed right after it acknowledged: the other one has its messages and receipts',
  async (t) => {
    const cluster = await startCluster(t, { nodes: 1, workers: 0 })
    const doomed = await cluster.addProcess('gateway')
    const ann = await cluster.connectTo(doomed, 'ann')
    const bob = await cluster.connectTo(doomed, 'bob')
    const carl = await cluster.connect('carl')
    const { conversationId } = await carl.send('message', { recipientId: 'bob', content: 'one' })
    await carl.send('message', { recipientId: 'bob', content: 'two' })
    await Promise.all([
      ann.send('message', { recipientId: 'carl', content: 'said' }),
      bob.send('message_read', { conversationId, seq: 1 }),
      bob.send('message_delivered', { conversationId, seq: 2 }),
    ])
    await doomed.kill('SIGKILL')

    const bobElsewhere = await cluster.connect('bob')
    const isRight = async () => {
      t.match((await list(carl)).conversations, [
        { headSeq: 1, unreadCount: 1, lastMessage: { content: 'said' } },
        { _id: conversationId, headSeq: 2, marks: [{ userId: 'bob', deliveredSeq: 2, readSeq: 1 }] },
      ])
      t.match((await list(bobElsewhere)).conversations, [{ headSeq: 2, unreadCount: 1 }])
      const path = `/chat/${encodeURIComponent(conversationId)}/messages`
      const { messages } = await carl.get<HistoryPage>(path)
      t.same(
        messages.map(({ status }) => status),
        ['read', 'delivered'],
      )
      const { conversations } = await carl.send('sync', { conversations: { [conversationId]: 0 } })
      t.match(conversations[conversationId]?.messages, [{ status: 'read' }, { status: 'delivered' }])
    }
    await isRight()
    await cluster.addWorker()
    while ((await waiting(cluster)).length > 0) await list(carl)
    await isRight()
  },
)

t.test('a gateway is killed before it noted what it wrote: the worker finds it', async (t) => {
  const { wire, url } = await Wire.to(process.env.TEST_MONGODB_URI ?? '')
  t.teardown(() => wire.close())
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const bob = await cluster.connect('bob')
  cluster.env.MONGODB_URI = `${url.replace(/\/$/, '')}/${cluster.prefix}`
  const doomed = await cluster.addProcess('gateway')
  const ann = await cluster.connectTo(doomed, 'ann')
  await ann.send('message', { recipientId: 'bob', content: 'one' })
  wire.mute()
  const unanswered = t.rejects(ann.raw('message', { recipientId: 'bob', content: 'two' }))
  while ((await cluster.db.collection('messages').countDocuments({})) < 2) await list(bob)
  await doomed.kill('SIGKILL')
  ann.socket.disconnect()
  await unanswered
  t.same(contents(await list(bob)), ['one'], 'it was not acknowledged')
  // As if that had been long ago.
  const owed = `${cluster.prefix}:heads:owed`
  for (const [write, value] of Object.entries(await cluster.redis.hgetall(owed)))
    await cluster.redis.hset(owed, write, value.replace(/^\d+/, '1'))
  await cluster.addWorker()
  let listed = await list(bob)
  while (listed.conversations[0]?.headSeq !== 2) listed = await list(bob)
  t.match(listed.conversations, [{ unreadCount: 2, lastMessage: { content: 'two' } }])
  while ((await cluster.redis.hlen(owed)) > 0) await list(bob)
})

t.test('MongoDB is away: receipts are taken, and are in it when it is back', async (t) => {
  const { wire, url } = await Wire.to(process.env.TEST_MONGODB_URI ?? '')
  t.teardown(() => wire.close())
  const env = { WRITE_BEHIND_FLUSH_MS: '10' }
  const cluster = await startCluster(t, { nodes: 0, workers: 0, env })
  cluster.env.MONGODB_URI = `${url.replace(/\/$/, '')}/${cluster.prefix}`
  for (const add of ['addGateway', 'addGateway', 'addWorker'] as const) await cluster[add]()
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const { conversationId } = await ann.send('message', { recipientId: 'bob', content: 'one' })
  await ann.send('message', { recipientId: 'bob', content: 'two' })
  wire.cut()
  await bob.send('message_read', { conversationId, seq: 1 })
  await bob.send('message_delivered', { conversationId, seq: 2 })
  t.ok((await waiting(cluster)).length > 0, 'they wait')
  wire.mend()
  const told = await ann.hears('message_status_changed', ({ deliveredSeq }) => deliveredSeq === 2)
  t.match(told, { userId: 'bob', readSeq: 1 })
  while ((await waiting(cluster)).length > 0) await bob.http('/chat')
  t.match((await list(ann)).conversations, [{ headSeq: 2, marks: [{ deliveredSeq: 2, readSeq: 1 }] }])
  t.match((await list(bob)).conversations, [{ unreadCount: 1, lastMessage: { content: 'two' } }])
})

t.test('Redis is away: the list is served as MongoDB has it', async (t) => {
  const { wire, url } = await Wire.to(process.env.TEST_REDIS_URL ?? '')
  t.teardown(() => wire.close())
  const cluster = await startCluster(t, { workers: 0, env: { REDIS_URL: url } })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const worker = await cluster.addWorker()
  const { conversationId } = await ann.send('message', { recipientId: 'bob', content: 'one' })
  await bob.send('message_read', { conversationId, seq: 1 })
  await worker.close()
  cluster.workers.length = 0
  t.same(await waiting(cluster), [], 'what waited was written')
  await ann.send('message', { recipientId: 'bob', content: 'two' })
  wire.cut()
  const behind = [{ headSeq: 1, lastMessage: { content: 'one' }, marks: [{ userId: 'bob', readSeq: 1 }] }]
  t.match((await list(bob)).conversations, behind)
  const path = `/chat/${encodeURIComponent(conversationId)}/messages`
  t.match((await ann.get<HistoryPage>(path)).messages, [{ status: 'read' }, { status: 'sent' }])
  wire.mend()
  let listed = await list(bob)
  while (listed.conversations[0]?.headSeq !== 2) listed = await list(bob)
  t.match(listed.conversations, [{ unreadCount: 1, lastMessage: { content: 'two' } }])
})

t.test('Redis comes back empty: what waited is noted again', async (t) => {
  const { wire, url } = await Wire.to(process.env.TEST_REDIS_URL ?? '')
  t.teardown(() => wire.close())
  const cluster = await startCluster(t, { workers: 0, env: { REDIS_URL: url } })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const { conversationId } = await ann.send('message', { recipientId: 'bob', content: 'one' })
  await bob.send('message_read', { conversationId, seq: 1 })
  wire.cut()
  await cluster.redis.del(await cluster.redis.keys(`${cluster.prefix}:*`))
  wire.mend()
  let [listed] = (await list(ann)).conversations
  while (listed?.headSeq !== 1 || listed.marks.length === 0) [listed] = (await list(ann)).conversations
  t.match(listed, { lastMessage: { content: 'one' }, marks: [{ userId: 'bob', readSeq: 1 }] })
})

t.test('Redis forgets everything unnoticed: the next receipt sets the list right', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  await ann.send('message', { recipientId: 'bob', content: 'one' })
  const { conversationId } = await ann.send('message', { recipientId: 'bob', content: 'two' })
  await cluster.redis.del(await cluster.redis.keys(`${cluster.prefix}:*`))
  t.match((await list(bob)).conversations, [{ headSeq: 0, lastMessage: null }], 'behind')
  await bob.send('message_delivered', { conversationId, seq: 2 })
  t.match((await list(bob)).conversations, [{ headSeq: 2, unreadCount: 2, lastMessage: { content: 'two' } }])
  t.match((await list(ann)).conversations, [{ marks: [{ userId: 'bob', deliveredSeq: 2 }] }])
})
