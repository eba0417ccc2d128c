import type { Group, SendAck } from '@earshot/protocol'
import t, { type Test } from 'tap'
import { type Cluster, startCluster } from '../src/cluster.ts'
import { Gate } from '../src/gate.ts'
import { jobsJson } from '../src/jobs-command.ts'
import { away, leave, Notifying, pushEnv, vapid } from '../src/notified.ts'
import { type PushDevice, PushService } from '../src/push-service.ts'
import type { TestClient } from '../src/test-client.ts'
import { until } from '../src/uploads.ts'
import { Wire } from '../src/wire.ts'

async function setUp(t: Test, env: Record<string, string> = {}, nodes = 2) {
  const service = await PushService.start(t, vapid.publicKey)
  const cluster = await startCluster(t, { nodes, env: { ...pushEnv(service), ...env } })
  return { service, cluster, notifying: new Notifying(t, cluster) }
}

const write = (from: TestClient, recipientId: string, content = 'a secret') =>
  from.send('message', { recipientId, content })

/** `seq` of the messages that a device was told of. */
const told = (device: PushDevice) => device.arrived.map(({ notification }) => notification.seq)

async function read(cluster: Cluster, userId: string, { conversationId, seq }: SendAck): Promise<void> {
  const client = await cluster.connect(userId)
  await client.send('message_read', { conversationId, seq })
  await leave(cluster, client)
}

t.test('one for a conversation until it is read, without its content, whoever is restarted', async (t) => {
  const { service, cluster, notifying } = await setUp(t)
  const device = await away(cluster, service, 'bob')
  const other = await away(cluster, service, 'bob')
  const ann = await cluster.connect('ann', 1)
  const first = await write(ann, 'bob')
  await notifying.settled(first)
  const { conversationId, _id: messageId } = first
  t.strictSame(
    device.arrived.map(({ notification }) => notification),
    [{ type: 'message', conversationId, messageId, seq: 1 }],
    'decrypted by the device, and nothing more in it',
  )
  t.strictSame(told(other), [1], 'every device')
  t.match(device.arrived[0]?.headers, { ttl: '86400', urgency: 'high', topic: /^[\w-]{24}$/ })

  const second = await write(ann, 'bob')
  await notifying.settled(second)
  await cluster.workers.pop()?.close()
  await cluster.addWorker()
  const third = await write(ann, 'bob')
  await notifying.settled(third)
  t.strictSame(told(device), [1], 'it is not read yet')
  const elsewhere = await write(await cluster.connect('carl'), 'bob')
  await notifying.settled(elsewhere)
  t.strictSame(device.arrived.at(-1)?.notification.conversationId, elsewhere.conversationId, 'another one is')

  await read(cluster, 'bob', second)
  const fourth = await write(ann, 'bob')
  await notifying.settled(fourth)
  t.strictSame(told(device), [1, 1, 4], 'read up to what was told')
  await notifying.settled(await write(ann, 'bob'))
  t.strictSame(told(device), [1, 1, 4])
})

t.test('who is there, on whichever node, gets none, nor does who wrote it', async (t) => {
  const { service, cluster, notifying } = await setUp(t)
  const [bobs, anns, carls] = [
    await away(cluster, service, 'bob'),
    await away(cluster, service, 'ann'),
    await away(cluster, service, 'carl'),
  ]
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  await notifying.settled(await write(ann, 'bob'))
  await notifying.settled(await write(bob, 'ann'))
  await bob.hears('new_message')
  await leave(cluster, bob)
  t.strictSame([told(bobs), told(anns)], [[], []], 'nor afterwards: it was in front of him')
  await notifying.settled(await write(ann, 'carl'))
  t.strictSame(told(carls), [1])
  await notifying.settled(await write(ann, 'bob'))
  t.strictSame(told(bobs), [3])
})

t.test('a group: its members, but not who blocked the sender, nor who was removed', async (t) => {
  const { service, cluster, notifying } = await setUp(t, { NOTIFY_CONTENT: 'full' })
  const names = ['bob', 'carl', 'dora', 'eve']
  const devices = new Map<string, PushDevice>()
  for (const name of names) devices.set(name, await away(cluster, service, name))
  const ann = await cluster.connect('ann')
  const created = await ann.http('/group', { method: 'POST', json: { name: 'g', members: names } })
  const { _id: groupId } = (await created.json()) as Group
  const dora = await cluster.connect('dora')
  t.equal((await dora.http('/user/me/blocked/ann', { method: 'PUT' })).status, 204)
  await leave(cluster, dora)
  t.equal((await ann.http(`/group/${groupId}/members/eve`, { method: 'DELETE' })).status, 204)
  const content = 'x'.repeat(500)
  const ack = await ann.send('group_message', { groupId, messageType: 'text', content })
  await notifying.settled(ack)
  t.strictSame(
    names.map((name) => devices.get(name)?.arrived.length),
    [1, 1, 0, 0],
  )
  t.strictSame(
    devices.get('bob')?.arrived[0]?.notification,
    {
      ...{ type: 'message', conversationId: groupId, groupId, messageId: ack._id, seq: 1 },
      ...{ sender: { _id: 'ann', name: 'Name of ann' }, messageType: 'text', content: 'x'.repeat(200) },
    },
    'as much as the operator lets it say',
  )
  await notifying.settled(await ann.send('group_message', { groupId, messageType: 'text', content }))
  t.strictSame(
    names.map((name) => devices.get(name)?.arrived.length),
    [1, 1, 0, 0],
  )
})

t.test('a device that is gone is dropped; a push service that is ill is asked again', async (t) => {
  const { service, cluster, notifying } = await setUp(t)
  const gone = await away(cluster, service, 'bob')
  const lost = await away(cluster, service, 'bob')
  const ill = await away(cluster, service, 'bob')
  const busy = await away(cluster, service, 'bob')
  gone.answers.push([410])
  lost.answers.push([404])
  ill.answers.push([503], [500], [429])
  busy.answers.push([429, { 'retry-after': '1' }])
  const ann = await cluster.connect('ann')
  await notifying.settled(await write(ann, 'bob'))
  t.strictSame([told(gone), told(lost), told(ill), told(busy)], [[], [], [1], [1]])
  t.strictSame([ill.asked, busy.asked], [4, 2])
  const bob = await cluster.connect('bob')
  const { subscriptions } = await bob.get<{ subscriptions: unknown[] }>('/push/subscriptions')
  t.equal(subscriptions.length, 2)
})

t.test(
  'what a push service refuses waits for an operator, and is news no more once it is read',
  async (t) => {
    const { service, cluster, notifying } = await setUp(t)
    const [bobs, carls] = [await away(cluster, service, 'bob'), await away(cluster, service, 'carl')]
    for (const device of [bobs, carls]) device.answers.push([403])
    const ann = await cluster.connect('ann')
    await notifying.settled(await write(ann, 'bob'))
    const ack = await write(ann, 'carl')
    await notifying.settled(ack)
    const { jobs } = await jobsJson<{ jobs: { queue: string; reason: string; data: object }[] }>(
      cluster,
      'list',
    )
    t.match(jobs, [
      { queue: 'notify-push', reason: 'the push service answered 403' },
      { queue: 'notify-push' },
    ])
    t.notMatch(JSON.stringify(jobs), /127\.0\.0\.1|a secret/, 'no endpoint, no content')
    await read(cluster, 'carl', ack)
    await jobsJson(cluster, 'retry', '--all')
    await notifying.settled(ack)
    t.strictSame([told(bobs), told(carls), carls.asked], [[1], [], 1])
  },
)

t.test('deleted before it was told: the next one is', async (t) => {
  const { service, cluster, notifying } = await setUp(t, {}, 1)
  const device = await away(cluster, service, 'bob')
  device.answers.push([403])
  const ann = await cluster.connect('ann')
  const ack = await write(ann, 'bob')
  await notifying.settled(ack)
  await ann.send('delete_message', { messageId: ack._id })
  await jobsJson(cluster, 'retry', '--all')
  await notifying.settled(ack)
  t.equal(device.asked, 1)
  await notifying.settled(await write(ann, 'bob'))
  t.strictSame(told(device), [2])
})

t.test('a worker is killed when it has noted whom it will tell: another one tells them, once', async (t) => {
  const service = await PushService.start(t, vapid.publicKey)
  const cluster = await startCluster(t, { workers: 0, env: { ...pushEnv(service), VOICE_LOCK_MS: '500' } })
  const { gate, url } = await Gate.to(cluster.env.MONGODB_URI ?? '')
  t.teardown(() => gate.close())
  const doomed = await cluster.addProcess('worker', { MONGODB_URI: url })
  const device = await away(cluster, service, 'bob')
  const held = gate.hold('insert', 'notified')
  const ann = await cluster.connect('ann')
  const ack = await write(ann, 'bob')
  await held.asked
  await until(async () => (await cluster.db.collection('notified').countDocuments({})) === 1)
  await doomed.kill('SIGKILL')
  t.strictSame(told(device), [])
  await cluster.addWorker()
  const notifying = new Notifying(t, cluster)
  await notifying.settled(ack)
  await notifying.settled(await write(ann, 'bob'))
  t.strictSame(told(device), [1])
})

t.test('a connection that was lost without a word: told when it is known', async (t) => {
  const times = { PING_INTERVAL_MS: '300', PING_TIMEOUT_MS: '300' }
  const lease = { PRESENCE_LEASE_MS: '1000', PRESENCE_RENEW_MS: '200' }
  const { service, cluster } = await setUp(t, { ...times, ...lease }, 1)
  const device = await away(cluster, service, 'bob')
  const { wire, url } = await Wire.to(cluster.url(0))
  t.teardown(() => wire.close())
  const bob = await cluster.connectAt(url.replace(/\/$/, ''), 'bob')
  bob.socket.io.reconnection(false)
  const ann = await cluster.connect('ann')
  wire.unplug()
  await write(ann, 'bob')
  await device.arrives(1)
  t.strictSame(told(device), [1])
})

t.test('subscriptions: added, listed, taken over, dropped, bounded; only to push services', async (t) => {
  const { service, cluster } = await setUp(t, { PUSH_MAX_PER_USER: '2' }, 1)
  const [ann, bob] = [await cluster.connect('ann'), await cluster.connect('bob')]
  t.strictSame(await ann.get('/push/key'), { publicKey: vapid.publicKey })
  const add = (client: TestClient, json: object) =>
    client.http('/push/subscriptions', { method: 'POST', json })
  const list = async (client: TestClient) =>
    (await client.get<{ subscriptions: { _id: string }[] }>('/push/subscriptions')).subscriptions
  const { subscription } = service.device()
  const added = await add(ann, { ...subscription, device: 'Phone' })
  t.equal(added.status, 201)
  const record = (await added.json()) as { _id: string }
  t.strictSame(await list(ann), [record])
  t.match(record, { device: 'Phone', service: new URL(service.url).host, createdAt: String })
  t.notMatch(JSON.stringify(record), subscription.keys.auth)
  t.equal((await bob.http(`/push/subscriptions/${record._id}`, { method: 'DELETE' })).status, 404)
  await add(bob, subscription)
  t.strictSame([(await list(ann)).length, (await list(bob)).length], [0, 1], 'who signs in there gets it')
  for (let i = 0; i < 2; i++) await add(bob, service.device().subscription)
  t.equal((await list(bob)).length, 2, 'the oldest goes')
  t.notOk((await list(bob)).some(({ _id }) => _id === record._id))
  for (const { _id } of await list(bob)) {
    t.equal((await bob.http(`/push/subscriptions/${_id}`, { method: 'DELETE' })).status, 204)
  }
  t.strictSame(await list(bob), [])

  for (const endpoint of [
    'http://169.254.169.254/latest/meta-data',
    'https://fcm.googleapis.com/send/x',
    `${service.url}.evil.example/x`,
    service.url.replace('http://', 'http://user@'),
    service.url.replace('127.0.0.1', 'localhost'),
  ]) {
    const refused = await add(ann, { ...subscription, endpoint })
    t.match([refused.status, await refused.json()], [400, { error: { field: 'endpoint' } }], endpoint)
  }
  const p256dh = Buffer.alloc(65, 4).toString('base64url')
  const refused = await add(ann, { ...subscription, keys: { ...subscription.keys, p256dh } })
  t.match([refused.status, await refused.json()], [400, { error: { field: 'keys.p256dh' } }])
})

t.test('without keys it is off, and costs nothing', async (t) => {
  const cluster = await startCluster(t, { env: { WRITE_BEHIND_FLUSH_MS: '20' } })
  const ann = await cluster.connect('ann')
  await leave(cluster, await cluster.connect('bob'))
  t.equal((await ann.http('/push/key')).status, 404)
  const { conversationId } = await write(ann, 'bob')
  const heads = cluster.db.collection<{ _id: string; headSeq: number }>('conversations')
  await until(async () => (await heads.findOne({ _id: conversationId }))?.headSeq === 1)
  const keys = await cluster.redis.keys(`{${cluster.prefix}-queue}:notify*`)
  t.strictSame(
    keys.filter((key) => !key.endsWith(':meta')),
    [],
    'no job',
  )
  t.equal(await cluster.db.collection('notified').countDocuments({}), 0)
})
