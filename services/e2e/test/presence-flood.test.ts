import type { UserStatus } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'

const of =
  (userId: string, isOnline: boolean, after = -1) =>
  (status: UserStatus): boolean =>
    status.userId === userId && status.isOnline === isOnline && status.version > after

t.test('many subscriptions of one socket share their look-ups: nobody waits for all of them', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 0)
  for (const client of [ann, bob]) await client.send('presence_subscribe', { userIds: ['zoe'] })
  const answered: string[] = []
  const asks = Array.from({ length: 100 }, async () => {
    const answer = await ann.send('presence_subscribe', { userIds: ['zoe'] })
    answered.push('ann')
    return answer
  })
  // Whatever she sent before has reached the node when this is answered.
  await ann.send('user_online', 'ann')
  // His is looked up after those of hers that wait already, or with them.
  await bob.send('presence_subscribe', { userIds: ['zoe'] })
  await ann.send('user_online', 'ann')
  t.equal(answered.length, 100)
  for (const { statuses } of await Promise.all(asks)) t.match(statuses, [{ userId: 'zoe', isOnline: false }])
})

t.test('who subscribes without end is told so, what is answered is right, and others hear', async (t) => {
  const env = { LIMIT_SUBSCRIBE_MAX_USERS: '10', LIMIT_SUBSCRIBE_MAX_USERS_PER_SOCKET: '10' }
  const cluster = await startCluster(t, { workers: 0, env })
  const eve = await cluster.connect('eve', 0)
  const bob = await cluster.connect('bob', 1)
  await bob.send('user_online', 'bob')
  const others = Array.from({ length: 9 }, (_, i) => `other-${i}`)
  const flood = (event: string) =>
    Promise.all(Array.from({ length: 100 }, () => eve.raw(event, { userIds: ['bob', ...others] })))
  const answers = await flood('presence_subscribe')
  const done = answers.filter(({ ok }) => ok)
  const refused = answers.filter(({ ok }) => !ok)
  t.ok(done.length >= 10, 'as many as all sockets of a user may watch are never refused')
  t.ok(refused.length > 0)
  for (const answer of done) {
    t.match(answer, {
      statuses: [{ userId: 'bob', isOnline: true }, ...others.map((userId) => ({ userId }))],
    })
  }
  for (const answer of refused)
    t.match(answer, { error: { code: 'RATE_LIMITED', retryAfterMs: Number } }, 'with when to come again')
  t.ok(
    (await flood('presence_unsubscribe')).some(({ ok }) => !ok),
    'to unsubscribe costs, too',
  )

  const ann = await cluster.connect('ann', 0)
  t.match(await ann.send('presence_subscribe', { userIds: ['bob'] }), { statuses: [{ isOnline: true }] })
})

t.test('one socket that asks for much holds up nobody else', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const eve = await cluster.connect('eve', 0)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  await bob.send('user_online', 'bob')
  for (const client of [eve, ann]) await client.send('presence_subscribe', { userIds: ['bob'] })
  await bob.send('presence_visibility', { lastSeen: 'nobody' })
  const { version } = await ann.hears('user_status_changed', of('bob', false))
  for (let i = 0; i < 2_000; i++) eve.socket.emit('presence_subscribe', { userIds: ['bob'] })
  // All of it has reached the node when this is answered.
  await eve.send('user_online', 'eve')
  await bob.send('presence_visibility', { lastSeen: 'everyone' })
  await ann.hears('user_status_changed', of('bob', true, version))
  await eve.hears('user_status_changed', of('bob', true, version))
})
