import type { Group } from '@earshot/protocol'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { type Cluster, startCluster } from '../src/cluster.ts'
import { jobsJson } from '../src/jobs-command.ts'
import { away, leave, Notifying, pushEnv, vapid, webhookEnv, webhookSecret } from '../src/notified.ts'
import { PushService } from '../src/push-service.ts'
import type { TestClient } from '../src/test-client.ts'
import { WebhookReceiver } from '../src/webhook-receiver.ts'

interface Listed {
  jobs: { queue: string; reason: string }[]
}

/** A group of one who is there and many who never came. */
async function largeGroup(cluster: Cluster, owner: TestClient, size: number): Promise<string> {
  const created = await owner.http('/group', { method: 'POST', json: { name: 'large', members: [] } })
  const { _id: groupId } = (await created.json()) as Group
  const members = Array.from({ length: size }, (_, i) => `member-${String(i).padStart(5, '0')}`)
  const joinedAt = new Date()
  await cluster.db
    .collection<{ _id: string }>('memberships')
    .insertMany(
      members.map((userId) => ({ _id: `${groupId}:${userId}`, groupId, userId, role: 'member', joinedAt })),
    )
  await cluster.db
    .collection<{ _id: string }>('group_sizes')
    .updateOne({ _id: groupId }, { $set: { members: size + 1 } }, { upsert: true })
  return groupId
}

t.test('signed, with its time; sent again under the same id until it is taken', async (t) => {
  const receiver = await WebhookReceiver.start(t, webhookSecret, 500, 503)
  const env = { ...webhookEnv(receiver.url), NOTIFY_CONTENT: 'sender' }
  const cluster = await startCluster(t, { env })
  const notifying = new Notifying(t, cluster)
  const ann = await cluster.connect('ann', 0)
  await leave(cluster, await cluster.connect('bob', 1))
  const ack = await ann.send('message', { recipientId: 'bob', content: 'a secret' })
  await notifying.settled(ack)
  const [first, ...again] = receiver.called
  t.equal(again.length, 2)
  for (const { id } of again) t.equal(id, first?.id)
  const { conversationId, _id: messageId } = ack
  t.strictSame(first?.data, {
    ...{ type: 'message', conversationId, messageId, seq: 1 },
    ...{ sender: { _id: 'ann', name: 'Name of ann' }, messageType: 'text', recipients: ['bob'] },
  })
  t.equal(first?.type, 'message.unread')
  t.equal(receiver.refused, 0)

  const { body, headers } = first?.raw ?? { body: '', headers: {} }
  const time = Number(headers['webhook-timestamp'])
  const verify = (changed: Record<string, string>, text = body) =>
    new Webhook(webhookSecret).verify(text, { ...headers, ...changed })
  t.ok(verify({}))
  t.throws(() => verify({ 'webhook-timestamp': String(time + 1) }), 'the time is signed')
  t.throws(() => verify({ 'webhook-id': 'another' }), 'and the id')
  t.throws(() => verify({}, body.replace('bob', 'eve')), 'and the body')
  const realNow = Date.now
  t.teardown(() => {
    Date.now = realNow
  })
  Date.now = () => realNow() + 6 * 60_000
  t.throws(() => verify({}), 'kept by somebody and sent again, it is too old')
  Date.now = realNow

  await notifying.settled(await ann.send('message', { recipientId: 'bob', content: 'more' }))
  t.equal(receiver.called.length, 3, 'one for a conversation until it is read')
})

t.test('a large group: in batches, each user once, however much is said', async (t) => {
  const receiver = await WebhookReceiver.start(t, webhookSecret)
  const cluster = await startCluster(t, {
    nodes: 1,
    workers: 2,
    env: { ...webhookEnv(receiver.url), NOTIFY_GROUP_INTERVAL_MS: '300' },
  })
  const notifying = new Notifying(t, cluster)
  const ann = await cluster.connect('ann')
  const groupId = await largeGroup(cluster, ann, 1_200)
  const say = () => ann.send('group_message', { groupId, messageType: 'text', content: 'hello' })
  await say()
  await say()
  await say()
  // Of what is said within a moment only the last is looked at: this one is.
  await notifying.settled(await say())
  const sizes = receiver.called.map(({ data }) => data.recipients.length)
  t.ok(sizes.every((size) => size <= 500))
  const recipients = receiver.called.flatMap(({ data }) => data.recipients)
  t.equal(recipients.length, 1_200)
  t.equal(new Set(recipients).size, 1_200)
  t.notOk(recipients.includes('ann'))
})

t.test('beside push; one that refuses waits for an operator', async (t) => {
  const receiver = await WebhookReceiver.start(t, webhookSecret, 400)
  const service = await PushService.start(t, vapid.publicKey)
  const cluster = await startCluster(t, { env: { ...webhookEnv(receiver.url), ...pushEnv(service) } })
  const notifying = new Notifying(t, cluster)
  const device = await away(cluster, service, 'bob')
  const ann = await cluster.connect('ann')
  const ack = await ann.send('message', { recipientId: 'bob', content: 'hello' })
  await notifying.settled(ack)
  t.equal(device.arrived.length, 1)
  t.equal(receiver.called.length, 1)
  const { jobs } = await jobsJson<Listed>(cluster, 'list')
  t.match(jobs, [{ queue: 'notify-webhook', reason: 'the webhook answered 400' }])
  await jobsJson(cluster, 'retry', '--all')
  await notifying.settled(ack)
  t.equal(receiver.called.length, 2)
  t.same((await jobsJson<Listed>(cluster, 'list')).jobs, [])
})
