import type { UserLastSeen, UserStatus } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'

const of = (userId: string, isOnline: boolean) => (status: UserStatus) =>
  status.userId === userId && status.isOnline === isOnline

t.test('online, offline and last seen, across nodes and in MongoDB', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  await ann.send('user_online', 'ann')
  const bob = await cluster.connect('bob', 1)
  const online = await ann.hears('user_status_changed', of('bob', true))
  t.match(await ann.get('/user/lastSeen/bob'), { _id: 'bob', name: 'Name of bob', isOnline: true })

  const before = Date.now()
  bob.socket.disconnect()
  const offline = await ann.hears('user_status_changed', of('bob', false))
  t.ok(offline.version > online.version)
  const lastSeen = Date.parse(offline.lastSeen ?? '')
  t.ok(lastSeen >= before - 1_000 && lastSeen <= Date.now() + 1_000, 'seen when he left')
  t.same(await ann.get('/user/lastSeen/bob'), {
    _id: 'bob',
    name: 'Name of bob',
    isOnline: false,
    lastSeen: offline.lastSeen,
  })
  t.same(await stored(cluster, 'bob', false), { isOnline: false, lastSeen: new Date(lastSeen) }, 'in MongoDB')
  const [annsKey = ''] = await cluster.redis.keys(`${cluster.prefix}:{p*:u:ann`)
  const [node = ''] = (await cluster.redis.hvals(annsKey)).filter((value) => value.startsWith('@'))
  const deadline = Number(await cluster.redis.zscore(annsKey.replace(/u:ann$/, 'nodes'), node))
  t.ok(deadline > before, 'a lease ends by itself')
})

t.test('a user is online while any of their devices is', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const phone = await cluster.connect('bob', 0)
  const laptop = await cluster.connect('bob', 1)
  await Promise.all([phone.send('user_online', 'bob'), laptop.send('user_online', 'bob')])
  phone.socket.disconnect()
  await ann.barrier()
  t.match(await ann.get('/user/lastSeen/bob'), { isOnline: true })
  laptop.socket.disconnect()
  await ann.hears('user_status_changed', of('bob', false))
  t.equal(ann.heardOf('user_status_changed').filter(of('bob', false)).length, 1)
})

t.test('a lost connection comes back within the grace period, and nobody notices', async (t) => {
  const cluster = await startCluster(t, { env: { PRESENCE_GRACE_MS: '60000' } })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 0)
  await bob.send('user_online', 'bob')
  const again = new Promise<void>((resolve) => bob.socket.once('connect', resolve))
  bob.socket.io.engine.close()
  await again
  await bob.send('user_online', 'bob')
  await ann.barrier()
  t.same(ann.heardOf('user_status_changed').filter(of('bob', false)), [])
})

t.test('what the grace period kept from being told is counted', async (t) => {
  const cluster = await startCluster(t, { env: { PRESENCE_GRACE_MS: '3600000', PRESENCE_SHARDS: '1' } })
  const bob = await cluster.connect('bob', 0)
  await bob.send('user_online', 'bob')
  bob.socket.io.reconnection(false)
  bob.socket.io.engine.close()
  const fields = () => cluster.redis.hkeys(`${cluster.prefix}:{p0}:u:bob`)
  while (!(await fields()).some((field) => field.startsWith('g:')));
  const again = await cluster.connect('bob', 1)
  await again.send('user_online', 'bob')
  const metrics = await (await fetch(`${cluster.url(1)}/metrics`)).text()
  t.match(metrics, /^earshot_presence_spared_total\{.*\} 1$/m)
  t.notOk(
    (await fields()).some((field) => field.startsWith('g:')),
    'and the grace is over',
  )
})

t.test('who subscribes hears of those alone', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  await bob.send('user_online', 'bob')
  const { statuses } = await ann.send('presence_subscribe', { userIds: ['bob', 'eve'] })
  t.match(statuses, [
    { userId: 'bob', isOnline: true },
    { userId: 'eve', isOnline: false, lastSeen: null },
  ])
  const carl = await cluster.connect('carl', 1)
  await carl.send('user_online', 'carl')
  const eve = await cluster.connect('eve', 1)
  await ann.hears('user_status_changed', of('eve', true))
  await ann.send('presence_unsubscribe', { userIds: ['eve'] })
  eve.socket.disconnect()
  bob.socket.disconnect()
  await ann.hears('user_status_changed', of('bob', false))
  t.same(
    ann
      .heardOf('user_status_changed')
      .map(({ userId, isOnline }) => [userId, isOnline])
      .slice(-2),
    [
      ['eve', true],
      ['bob', false],
    ],
    'neither of a stranger nor of one it watches no more',
  )
})

t.test('last seen over HTTP: unknown users, many at once, unchanged', async (t) => {
  const cluster = await startCluster(t, { nodes: 1 })
  const ann = await cluster.connect('ann')
  await ann.send('user_online', { userId: 'ann' })
  t.equal((await ann.http('/user/lastSeen/nobody')).status, 404)
  t.equal((await fetch(`${ann.url}/user/lastSeen/ann`)).status, 401)
  const first = await ann.http('/user/lastSeen/ann')
  const etag = first.headers.get('etag') ?? ''
  const second = await ann.http('/user/lastSeen/ann', { headers: { 'if-none-match': etag } })
  t.equal(second.status, 304)
  t.equal(await second.text(), '')
  const many = await ann.http('/user/lastSeen', { method: 'POST', json: { userIds: ['ann', 'nobody'] } })
  const { users } = (await many.json()) as { users: UserLastSeen[] }
  t.match(users, [{ _id: 'ann', isOnline: true }])
  t.equal(users.length, 1)
  const wrong = await ann.http('/user/lastSeen', { method: 'POST', json: { userIds: [{ $ne: 1 }] } })
  t.equal(wrong.status, 400)
  t.match(await wrong.json(), { error: { code: 'BAD_REQUEST', field: 'userIds.0' } })
})

t.test('a process that would look for users in other shards does not start', async (t) => {
  const cluster = await startCluster(t, { nodes: 1 })
  const PRESENCE_SHARDS = String(2 * Number(cluster.env.PRESENCE_SHARDS))
  for (const role of ['gateway', 'worker'] as const) {
    await t.rejects(cluster.addProcess(role, { PRESENCE_SHARDS }), { message: /ended before it was up/ })
  }
  const ann = await cluster.connect('ann')
  await ann.send('user_online', 'ann')
  t.match(await ann.get('/user/lastSeen/ann'), { isOnline: true })
})

/** Waits until MongoDB has the state; the worker writes it soon, and there is no event for it. */
async function stored(cluster: Awaited<ReturnType<typeof startCluster>>, userId: string, isOnline: boolean) {
  for (;;) {
    const user = await cluster.db
      .collection<{ _id: string; isOnline?: boolean; lastSeen?: Date }>('users')
      .findOne({ _id: userId }, { projection: { _id: 0, isOnline: 1, lastSeen: 1 } })
    if (user?.isOnline === isOnline) return user
  }
}
