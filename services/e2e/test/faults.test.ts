import type { Group, UserStatus } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { dataUrl, webmBytes } from '../src/speech.ts'
import { Wire } from '../src/wire.ts'

/** Not too short for a machine that has much else to do: a node that is late loses its leases. */
const shortLease = { PRESENCE_LEASE_MS: '4000', PRESENCE_RENEW_MS: '500' }
const isOffline = (userId: string) => (status: UserStatus) => status.userId === userId && !status.isOnline

t.test(
  'a gateway is killed: the other one serves, its users go offline as of their last sign of life',
  async (t) => {
    const cluster = await startCluster(t, { nodes: 1, env: shortLease })
    const doomed = await cluster.addProcess('gateway')
    const ann = await cluster.connect('ann')
    const bob = await cluster.connectTo(doomed, 'bob')
    const carl = await cluster.connect('carl')
    await bob.send('user_online', 'bob')
    await bob.send('message', { recipientId: 'ann', content: 'before' })
    await ann.hears('new_message')
    bob.socket.io.reconnection(false)

    const killedAt = Date.now()
    await doomed.kill('SIGKILL')
    const ack = await ann.send('message', { recipientId: 'carl', content: 'still here' })
    t.match(await carl.hears('new_message'), { _id: ack._id }, 'the other node serves')
    const kept = await ann.send('message', { recipientId: 'bob', content: 'for later' })
    t.equal(kept.seq, 2)

    const offline = await ann.hears('user_status_changed', isOffline('bob'))
    const lastSeen = Date.parse(offline.lastSeen ?? '')
    t.ok(lastSeen <= killedAt + 100, 'not later than he lived')
    t.ok(lastSeen >= killedAt - Number(shortLease.PRESENCE_LEASE_MS), 'at most one lease before')
    const back = await cluster.connect('bob')
    const { conversations } = await back.send('sync', { conversations: { [kept.conversationId]: 1 } })
    t.match(conversations[kept.conversationId]?.messages, [{ content: 'for later' }], 'nothing missed')
  },
)

t.test(
  'a worker is killed with jobs in hand: another one finishes them, one blob for each message',
  async (t) => {
    const cluster = await startCluster(t, { nodes: 2, workers: 0 })
    const doomed = await cluster.addProcess('worker')
    const ann = await cluster.connect('ann', 0)
    const bob = await cluster.connect('bob', 1)
    const audio = Array.from({ length: 20 }, () => webmBytes(200_000))
    const sent = audio.map((bytes) =>
      ann.send('voice_message', {
        recipientId: 'bob',
        voiceMessage: { url: dataUrl(bytes), duration: 1, mimeType: 'audio/webm', size: bytes.length },
      }),
    )
    await bob.hears('voice_message_stored')
    await doomed.kill('SIGKILL')
    const acks = await Promise.all(sent)
    await cluster.addWorker()
    for (const [i, { _id }] of acks.entries()) {
      const response = await bob.http(`/media/${_id}`)
      t.ok(audio[i]?.equals(Buffer.from(await response.arrayBuffer())), 'playable all the time')
    }
    const files = () => cluster.db.collection('media.files').countDocuments({})
    while ((await files()) < acks.length) await bob.hears('voice_message_stored')
    t.equal(await cluster.db.collection('media.files').countDocuments({}), acks.length)
    t.equal(await cluster.db.collection('media.chunks').countDocuments({}), acks.length)
    for (const [i, { _id }] of acks.entries()) {
      const response = await bob.http(`/media/${_id}`)
      t.ok(audio[i]?.equals(Buffer.from(await response.arrayBuffer())), 'and after')
    }
  },
)

t.test('MongoDB is away: refused with a clear word, nothing half done, served again after', async (t) => {
  const { wire, url } = await Wire.to(process.env.TEST_MONGODB_URI ?? '')
  // Before the cluster's own, so that it runs after: a cluster closes over a wire that is whole.
  t.teardown(() => wire.close())
  const cluster = await startCluster(t, { env: { MONGODB_URI: `${url.replace(/\/$/, '')}/away` } })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const first = await ann.send('message', { recipientId: 'bob', content: 'one', clientMessageId: 'a' })
  wire.cut()
  const text = { recipientId: 'bob', content: 'two', clientMessageId: 'b' }
  t.match(await ann.raw('message', text), { ok: false, error: { code: 'RETRY_LATER', retryAfterMs: Number } })
  let ready = await ann.http('/readyz')
  while (ready.status !== 503) ready = await ann.http('/readyz')
  t.match(await ready.json(), { ready: false, stores: { redis: true, mongodb: false } })
  t.equal((await ann.http('/healthz')).status, 200, 'alive')
  wire.mend()
  let answer = await ann.raw('message', text)
  while (!answer.ok) answer = await ann.raw('message', text)
  t.match(answer, { seq: 2, conversationId: first.conversationId }, 'no number was lost')
  await bob.hears('new_message', ({ content }) => content === 'two')
  await bob.barrier()
  t.equal(bob.heardOf('new_message').filter(({ sender }) => sender._id === 'ann').length, 2)
})

t.test('Redis is away: refused with a clear word, and online again after', async (t) => {
  const { wire, url } = await Wire.to(process.env.TEST_REDIS_URL ?? '')
  // Before the cluster's own, so that it runs after: a cluster closes over a wire that is whole.
  t.teardown(() => wire.close())
  const cluster = await startCluster(t, { env: { ...shortLease, REDIS_URL: url } })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  await bob.send('user_online', 'bob')
  await ann.send('message', { recipientId: 'bob', content: 'one' })
  wire.cut()
  const text = { recipientId: 'bob', content: 'two', clientMessageId: 'b' }
  t.match(await ann.raw('message', text), { ok: false, error: { code: 'RETRY_LATER' } })
  wire.mend()
  let answer = await ann.raw('message', text)
  while (!answer.ok) answer = await ann.raw('message', text)
  t.match(answer, { seq: 2 })
  let status = await ann.get<{ isOnline: boolean }>('/user/lastSeen/bob')
  while (!status.isOnline) status = await ann.get('/user/lastSeen/bob')
  t.pass('bob is online')
  t.same(ann.heardOf('user_status_changed').filter(isOffline('bob')), [], 'and was never said to be gone')
})

t.test('a gateway and a worker leave in good order while Redis is away', async (t) => {
  const { wire, url } = await Wire.to(process.env.TEST_REDIS_URL ?? '')
  t.teardown(() => wire.close())
  const cluster = await startCluster(t, { nodes: 0, workers: 0, env: { REDIS_URL: url } })
  const leaving = await Promise.all([cluster.addProcess('gateway'), cluster.addProcess('worker')])
  wire.cut()
  const gateway = leaving[0]
  while ((await fetch(`http://127.0.0.1:${gateway.port}/readyz`)).status !== 503);
  for (const one of leaving) {
    await one.kill('SIGTERM')
    t.equal(one.child.exitCode, 0, one.role)
  }
  wire.mend()
})

t.test('Redis forgets everything: everybody online is so again, numbers go on', async (t) => {
  const cluster = await startCluster(t, { env: shortLease })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  await bob.send('user_online', 'bob')
  await ann.send('message', { recipientId: 'bob', content: 'one' })
  const online = await ann.hears('user_status_changed', ({ userId }) => userId === 'bob')
  const keys = await cluster.redis.keys(`${cluster.prefix}:*`)
  await cluster.redis.del(keys)
  const again = await ann.hears(
    'user_status_changed',
    ({ userId, isOnline, version }) => userId === 'bob' && isOnline && version > online.version,
  )
  t.ok(again.version > online.version, 'a newer version, though the counter was lost')
  t.match(await ann.send('message', { recipientId: 'bob', content: 'two' }), { seq: 2 })
})

t.test('a gateway leaves quietly: its clients move on and nobody is seen offline', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, env: { PRESENCE_GRACE_MS: '60000' } })
  const leaving = await cluster.addProcess('gateway')
  const ann = await cluster.connect('ann')
  const bob = await cluster.connectTo(leaving, 'bob')
  await bob.send('user_online', 'bob')
  const closed = new Promise<string>((resolve) => bob.socket.once('disconnect', resolve))
  await leaving.kill('SIGTERM')
  t.equal(await closed, 'transport close', 'so that it reconnects by itself')
  t.equal(leaving.child.exitCode, 0)
  await cluster.connect('bob')
  await ann.barrier()
  t.same(ann.heardOf('user_status_changed').filter(isOffline('bob')), [])
})

t.test("what makes no sense on the nodes' channels does them no harm", async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const created = await ann.http('/group', { method: 'POST', json: { name: 'G', members: ['bob'] } })
  const { _id: groupId } = (await created.json()) as Group
  await ann.get('/user/lastSeen/bob')
  for (const channel of ['membership', 'visibility', 'presence:statuses']) {
    for (const message of [
      'no JSON',
      'null',
      '1',
      '{}',
      '[]',
      '[null]',
      '"text"',
      '{"change":null,"id":[]}',
    ]) {
      await cluster.redis.spublish(`${cluster.prefix}:${channel}`, message)
    }
  }
  t.equal((await ann.http(`/group/${groupId}/members/bob`, { method: 'DELETE' })).status, 204)
  await bob.hears('group_member_removed')
  await ann.send('message', { recipientId: 'bob', content: 'both nodes live' })
  await bob.hears('new_message')
})
