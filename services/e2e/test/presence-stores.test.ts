import type { UserStatus } from '@earshot/protocol'
import t from 'tap'
import { startRedis } from '../../../infra/servers/redis.ts'
import type { Server } from '../../../infra/servers/server.ts'
import { type Cluster, startCluster } from '../src/cluster.ts'
import { expectTruth, redisNow, stored } from '../src/presence-truth.ts'
import { PresenceWatcher } from '../src/presence-watcher.ts'
import type { TestClient } from '../src/test-client.ts'
import { Wire } from '../src/wire.ts'

const shortLease = { PRESENCE_LEASE_MS: '4000', PRESENCE_RENEW_MS: '500', PRESENCE_SHARDS: '2' }
const names = ['stayer', 'leaver', 'lost']
const online = { stayer: 'online', leaver: 'online', lost: 'online' } as const
const inTheEnd = { stayer: 'online', leaver: 'offline', lost: 'offline' } as const
const is = (userId: string, isOnline: boolean) => (status: UserStatus) =>
  status.userId === userId && status.isOnline === isOnline

interface People {
  ann: PresenceWatcher
  /** Ann, and a client of the existing system, on another node each. */
  all: PresenceWatcher[]
  stayer: TestClient
  leaver: TestClient
  /** By whom `lost` is there: it can be killed. */
  kill: () => Promise<void>
}

/** Some who look on, one who stays, one who will leave, and one whose node can be killed. */
async function gather(cluster: Cluster): Promise<People> {
  const doomed = await cluster.addProcess('gateway')
  const ann = await PresenceWatcher.start(await cluster.connect('ann', 1), names)
  const old = PresenceWatcher.listening(await cluster.connect('old', 0))
  const older = PresenceWatcher.listening(await cluster.connect('older', 1))
  const [stayer, leaver] = await Promise.all([cluster.connect('stayer', 0), cluster.connect('leaver', 0)])
  const lost = await cluster.connectTo(doomed, 'lost')
  lost.socket.io.reconnection(false)
  for (const client of [stayer, leaver, lost]) await client.send('user_online', client.userId)
  return { ann, all: [ann, old, older], stayer, leaver, kill: () => doomed.kill('SIGKILL') }
}

t.test('the worker is killed: the next one finds what it left', async (t) => {
  const cluster = await startCluster(t, { workers: 0, env: shortLease })
  const doomed = await cluster.addProcess('worker')
  const { ann, all, leaver, kill } = await gather(cluster)
  await expectTruth(t, cluster, online, all)
  await doomed.kill('SIGKILL')
  const killedAt = await redisNow(cluster)
  leaver.socket.disconnect()
  const { version } = await ann.client.hears('user_status_changed', is('leaver', false))
  t.equal((await stored(cluster, 'leaver')).isOnline, true, 'nobody writes')
  await kill()
  await cluster.addWorker()
  const agreed = await expectTruth(t, cluster, inTheEnd, all)
  t.equal(agreed.leaver?.version, version, 'his leaving was told once')
  t.ok((agreed.leaver?.lastSeen ?? 0) >= killedAt, 'seen when he left, though nobody could write it')
  t.notOk(ann.saw('stayer', false))
})

t.test('Redis is killed and restarted: who is there stays, who went meanwhile is gone', async (t) => {
  const { cluster, redis } = await withOwnRedis(t)
  const { ann, all, leaver, kill } = await gather(cluster)
  const before = await expectTruth(t, cluster, online, all)
  const killedAt = await redisNow(cluster)
  await redis.kill('SIGKILL')
  leaver.socket.disconnect()
  await kill()
  const goneBy = Date.now()
  await redis.restart()
  const agreed = await expectTruth(t, cluster, inTheEnd, all)
  t.equal(agreed.stayer?.version, before.stayer?.version, 'who stayed was online all along')
  t.notOk(ann.saw('stayer', false))
  const left = agreed.leaver?.lastSeen ?? 0
  t.ok(left >= killedAt && left <= goneBy + 100, 'seen when he left, though Redis was not there')
  t.ok((agreed.lost?.lastSeen ?? 0) <= goneBy + 100)
})

t.test('Redis stands still for longer than a lease: nobody is declared gone for that', async (t) => {
  // What waits for it first is a sweep.
  const { cluster, redis } = await withOwnRedis(t, { PRESENCE_SHARDS: '1', PRESENCE_RENEW_MS: '2000' })
  const { ann, all, leaver, kill } = await gather(cluster)
  const before = await expectTruth(t, cluster, online, all)
  await redis.kill('SIGSTOP')
  await elapsed(2 * Number(shortLease.PRESENCE_LEASE_MS))
  leaver.socket.disconnect()
  await kill()
  await redis.kill('SIGCONT')
  const agreed = await expectTruth(t, cluster, inTheEnd, all)
  t.equal(agreed.stayer?.version, before.stayer?.version, 'who stayed was online all along')
  t.notOk(ann.saw('stayer', false))
})

t.test('Redis is wiped: who is there comes again, who left unseen does not stay online', async (t) => {
  const { cluster } = await withOwnRedis(t)
  const { all, leaver, kill } = await gather(cluster)
  // The existing system has users of its own online, of whom Redis never knew.
  await cluster.db.collection('users').insertOne({ name: 'Olga', isOnline: true, lastSeen: new Date(0) })
  const before = await expectTruth(t, cluster, online, all)
  await kill()
  const wipedAt = await redisNow(cluster)
  await cluster.redis.flushall()
  leaver.socket.disconnect()
  const agreed = await expectTruth(t, cluster, inTheEnd, all)
  for (const name of names) {
    t.ok((agreed[name]?.version ?? 0) > (before[name]?.version ?? 0), `${name}: a newer version`)
  }
  t.ok((agreed.lost?.lastSeen ?? 0) <= wipedAt)
  t.match(await cluster.db.collection('users').findOne({ name: 'Olga' }), {
    isOnline: true,
    lastSeen: new Date(0),
  })
})

t.test('MongoDB is away for a minute: presence goes on, and is written when it is back', async (t) => {
  const { wire, url } = await Wire.to(process.env.TEST_MONGODB_URI ?? '')
  // Before the cluster's own, so that it runs after: a cluster closes over a wire that is whole.
  t.teardown(() => wire.close())
  const cluster = await startCluster(t, { mongoUri: url, env: shortLease })
  const { ann, all, leaver, kill } = await gather(cluster)
  await expectTruth(t, cluster, online, all)
  wire.cut()
  const cutAt = await redisNow(cluster)
  leaver.socket.disconnect()
  await ann.client.hears('user_status_changed', is('leaver', false))
  await kill()
  await ann.client.hears('user_status_changed', is('lost', false))
  let ready = await ann.client.http('/readyz')
  while (ready.status !== 503) ready = await ann.client.http('/readyz')
  // Long enough for every time limit and every memory that plays a role.
  await elapsed(cutAt + 60_000 - (await redisNow(cluster)))
  wire.mend()
  const agreed = await expectTruth(t, cluster, inTheEnd, all)
  t.ok((agreed.leaver?.lastSeen ?? 0) >= cutAt, 'what happened meanwhile is in MongoDB')
  t.notOk(ann.saw('stayer', false))
})

async function withOwnRedis(
  t: Parameters<typeof startCluster>[0],
  env: Record<string, string> = {},
): Promise<{ cluster: Cluster; redis: Server }> {
  const redis = await startRedis()
  t.teardown(() => redis.stop())
  const cluster = await startCluster(t, { redisUrl: redis.url, env: { ...shortLease, ...env } })
  return { cluster, redis }
}

/** There is no event for that a server does nothing. */
async function elapsed(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
