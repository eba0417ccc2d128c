import { LeaseStore } from '@earshot/core/presence/lease-store'
import type { UserStatus } from '@earshot/protocol'
import { ObjectId } from 'mongodb'
import t from 'tap'
import { startRedis } from '../../../infra/servers/redis.ts'
import { type Cluster, startCluster } from '../src/cluster.ts'
import { expectTruth, redisNow, stored } from '../src/presence-truth.ts'
import { PresenceWatcher } from '../src/presence-watcher.ts'

const shortLease = { PRESENCE_LEASE_MS: '4000', PRESENCE_RENEW_MS: '500', PRESENCE_SHARDS: '2' }
const is = (userId: string, isOnline: boolean) => (status: UserStatus) =>
  status.userId === userId && status.isOnline === isOnline

t.test(
  'who stays online: lastSeen in MongoDB follows, and stays true when Redis is lost for good',
  async (t) => {
    const redis = await startRedis()
    t.teardown(() => redis.stop())
    const env = { ...shortLease, PRESENCE_CHECKPOINT_MS: '100', PING_INTERVAL_MS: '300' }
    const cluster = await startCluster(t, { redisUrl: redis.url, env })
    // Two workers do it together, and none is in the way of the other.
    await cluster.addWorker()
    const bob = await cluster.connect('bob')
    await bob.send('user_online', 'bob')
    const online = await bob.hears('user_status_changed', is('bob', true))
    for (let round = 0; round < 2; round++) {
      const since = await redisNow(cluster)
      const user = await storedWhen(cluster, 'bob', ({ lastSeen }) => (lastSeen?.getTime() ?? 0) > since)
      t.match(user, { isOnline: true, presenceVersion: online.version }, 'nothing else has changed')
    }
    const killedAt = await redisNow(cluster)
    await redis.kill('SIGKILL')
    const last = await stored(cluster, 'bob')
    t.ok((last.lastSeen?.getTime() ?? 0) <= killedAt)
    t.equal(last.isOnline, true, 'he was there when Redis went')
    await redis.restart()
  },
)

t.test('a document of the existing system keeps all it has', async (t) => {
  const cluster = await startCluster(t)
  const _id = new ObjectId()
  const old = {
    name: 'Olga',
    email: 'olga@example.org',
    pic: 'https://example.org/olga.png',
    settings: { sound: true, muted: [1, 2] },
    lastSeen: new Date('2020-01-01T00:00:00Z'),
    isOnline: false,
    __v: 3,
  }
  await cluster.db.collection('users').insertOne({ _id, ...old })
  const ann = await PresenceWatcher.start(await cluster.connect('ann'), [_id.toHexString()])
  const olga = await cluster.connect(_id.toHexString(), 1)
  await olga.send('user_online', _id.toHexString())
  await expectTruth(t, cluster, { [_id.toHexString()]: 'online' }, [ann])
  olga.socket.disconnect()
  const agreed = await expectTruth(t, cluster, { [_id.toHexString()]: 'offline' }, [ann])
  const { name: _, lastSeen, isOnline, ...rest } = old
  const doc = await cluster.db.collection('users').findOne({ _id })
  t.match(doc, rest)
  t.same(doc?.lastSeen, new Date(agreed[_id.toHexString()]?.lastSeen ?? 0))
  t.equal(doc?.isOnline, isOnline)
  t.ok(doc?.lastSeen > lastSeen)
})

t.test('MongoDB is older than Redis, as after a restore: a worker that starts sets it right', async (t) => {
  const cluster = await startCluster(t, { workers: 0, env: shortLease })
  const ann = await PresenceWatcher.start(await cluster.connect('ann'), ['ghost', 'bob'])
  const lastSeen = new Date(Date.now() - 3_600_000)
  const ghosts = Array.from({ length: 450 }, (_, i) => ({
    _id: i === 0 ? 'ghost' : `ghost-${i}`,
    isOnline: true,
    presenceVersion: lastSeen.getTime(),
    lastSeen,
  }))
  const users = cluster.db.collection<(typeof ghosts)[number]>('users')
  await users.insertMany(ghosts)
  const bob = await cluster.connect('bob')
  await bob.send('user_online', 'bob')
  await cluster.addWorker()
  const offline = await ann.client.hears('user_status_changed', is('ghost', false))
  t.equal(Date.parse(offline.lastSeen ?? ''), lastSeen.getTime(), 'as of when MongoDB last knew')
  await expectTruth(t, cluster, { ghost: 'offline', bob: 'online' }, [ann])
  while ((await users.countDocuments({ isOnline: true })) > 2) await ann.client.http('/healthz')
  t.same(
    (await users.find({ isOnline: true }).toArray()).map(({ _id }) => _id).sort(),
    ['ann', 'bob'],
    'all of them, and nobody else',
  )
})

t.test('whose teller died with the change untold is told of by the worker', async (t) => {
  const cluster = await startCluster(t, { nodes: 1 })
  const ann = await PresenceWatcher.start(await cluster.connect('ann'), ['bob', 'carl'])
  // A node that ends between the script and the publish.
  const dying = new LeaseStore(cluster.redis, {
    prefix: cluster.prefix,
    shards: Number(cluster.env.PRESENCE_SHARDS),
    leaseMs: 60_000,
    maxConnectionsPerUser: 10,
  })
  await cluster.connect('carl')
  const bobs = await cluster.connect('bob')
  await bobs.send('user_online', 'bob')
  await dying.release({ userId: 'bob', connectionId: bobs.socket.id ?? '' }, 0, 0)
  bobs.socket.disconnect()
  const { lastSeen } = await ann.client.hears('user_status_changed', is('bob', false))
  const agreed = await expectTruth(t, cluster, { bob: 'offline', carl: 'online' }, [ann])
  t.equal(Date.parse(lastSeen ?? ''), agreed.bob?.lastSeen)
  t.equal(ann.history.filter(({ userId }) => userId === 'carl').length, 1, 'what was told is not told again')
})

async function storedWhen(
  cluster: Cluster,
  userId: string,
  fits: (user: Awaited<ReturnType<typeof stored>>) => boolean,
) {
  for (;;) {
    const user = await stored(cluster, userId)
    if (fits(user)) return user
  }
}
