import { randomBytes } from 'node:crypto'
import { createLogger } from '@earshot/core/observability/logger'
import { createMetrics } from '@earshot/core/observability/metrics'
import { LeaseHolder } from '@earshot/core/presence/lease-holder'
import { LeaseStore } from '@earshot/core/presence/lease-store'
import { ShardUpkeep } from '@earshot/core/presence/shard-upkeep'
import type { PresenceState } from '@earshot/core/presence/states'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'

const url = process.env.TEST_REDIS_URL
if (!url) throw new Error('TEST_REDIS_URL is not set: run the tests by make test')
const redis = new Redis(url, { replyMapping: 'legacy' })
t.teardown(() => redis.disconnect())

const leaseMs = 60_000

/** A node that renews when it is told to, on one shard. */
function scene(t: Test) {
  const prefix = `t${randomBytes(6).toString('hex')}`
  const store = new LeaseStore(redis, { prefix, shards: 1, leaseMs, maxConnectionsPerUser: 10 })
  const changes: PresenceState[] = []
  const holder = new LeaseHolder({
    store,
    options: { leaseMs, renewMs: 5_000, graceMs: 0 },
    onChange: (state) => changes.push(state),
    log: createLogger({ level: 'silent', role: 'gateway', nodeId: 'test' }),
    metrics: createMetrics({ role: 'test', node: 'test' }),
  })
  const keys = store.keys.of(0)
  const online = async (userIds: string[]) =>
    (await store.read(userIds)).filter(({ isOnline }) => isOnline).map(({ userId }) => userId)
  t.teardown(async () => {
    await redis.del(await redis.keys(`${prefix}*`))
  })
  return { store, holder, keys, changes, online }
}

/** Of the only node there is. */
async function nodeOf(nodes: string): Promise<string> {
  const [node] = await redis.zrange(nodes, 0, '-1')
  if (!node) throw new Error('there is no node')
  return node
}

t.test('leases that Redis lost are taken again', async (t) => {
  const { holder, keys, online } = scene(t)
  await holder.take({ userId: 'ann', connectionId: 'a' })
  await holder.take({ userId: 'bob', connectionId: 'b' })
  const node = await nodeOf(keys.nodes)
  await redis.del(`${keys.userPrefix}ann`)
  await redis.hdel(keys.nodePrefix + node, 'a')
  await redis.zrem(keys.deadlines, 'ann')
  t.same(await online(['ann', 'bob']), ['bob'])
  await holder.renewShards([0])
  t.same(await online(['ann', 'bob']), ['ann', 'bob'])
})

t.test('leases that nobody holds end, though their node lives', async (t) => {
  const { store, holder, keys, changes, online } = scene(t)
  await holder.take({ userId: 'ann', connectionId: 'a' })
  await store.acquire(await nodeOf(keys.nodes), { userId: 'bob', connectionId: 'nobody has it' })
  t.same(await online(['ann', 'bob']), ['ann', 'bob'])
  await holder.renewShards([0])
  t.same(await online(['ann', 'bob']), ['ann'])
  t.match(changes.at(-1), { userId: 'bob', isOnline: false })
})

t.test('after Redis came back all are compared, as many as there may be', async (t) => {
  const { store, holder, keys, online } = scene(t)
  await holder.take({ userId: 'ann', connectionId: 'a' })
  // One is lost and one is too many: as a Redis that lost its last second may have it.
  const node = await nodeOf(keys.nodes)
  await store.release({ userId: 'ann', connectionId: 'a' }, 0, 0)
  await store.acquire(node, { userId: 'bob', connectionId: 'b' })
  await holder.renewAll()
  t.same(await online(['ann', 'bob']), ['ann'])
})

t.test('a connection that is given back while all are compared is not taken again', async (t) => {
  const { holder, online } = scene(t)
  await holder.take({ userId: 'ann', connectionId: 'a' })
  await holder.take({ userId: 'bob', connectionId: 'b' })
  const compared = holder.renewAll()
  await Promise.all([
    holder.giveBack('a', 'clean'),
    holder.take({ userId: 'carl', connectionId: 'c' }),
    compared,
  ])
  t.same(await online(['ann', 'bob', 'carl']), ['bob', 'carl'])
})

t.test('the leases of a dead node end some at a time; what is left when it renews goes on', async (t) => {
  const { store, keys } = scene(t)
  const upkeep = new ShardUpkeep(redis, store.keys, { leaseMs, pauseMs: leaseMs })
  const users = Array.from({ length: 5 }, (_, i) => `user-${i}`)
  for (const userId of users) await store.acquire('dead', { userId, connectionId: userId })
  await upkeep.sweep(0, 2, false)
  await redis.zadd(keys.nodes, 1, 'dead')
  const first = await upkeep.sweep(0, 2, false)
  t.equal(first.gone.length, 2)
  t.ok(first.hasMore)
  const [isSame] = await store.renew('dead', [{ shard: 0, held: users.length, news: [] }])
  t.notOk(isSame, 'it learns that some are gone')
  t.equal((await store.leasesOf('dead', 0)).size, 3)
  t.notOk((await upkeep.sweep(0, 2, false)).hasMore, 'the others do not end')
  await redis.zadd(keys.nodes, 1, 'dead')
  const swept = [await upkeep.sweep(0, 2, false), await upkeep.sweep(0, 2, false)]
  t.same(
    swept.map(({ gone, hasMore }) => [gone.length, hasMore]),
    [
      [2, true],
      [1, false],
    ],
  )
  t.notOk(await redis.exists(keys.nodes), 'and then the node is forgotten')
})

t.test('nothing that a lease is made of ends by itself', async (t) => {
  const { holder, keys } = scene(t)
  await holder.take({ userId: 'ann', connectionId: 'a' })
  const node = keys.nodePrefix + (await nodeOf(keys.nodes))
  for (const key of [`${keys.userPrefix}ann`, node, keys.nodes, keys.deadlines, keys.seen])
    t.equal(await redis.ttl(key), -1, key)
})

t.test('a leave that Redis lost is told again as of when it was', async (t) => {
  const { store, holder, keys, changes } = scene(t)
  await holder.take({ userId: 'ann', connectionId: 'a' })
  const node = await nodeOf(keys.nodes)
  await redis.zadd(keys.seen, 1, 'ann')
  await holder.giveBack('a', 'clean')
  const left = changes.at(-1)
  t.match(left, { userId: 'ann', isOnline: false })
  // As it was a moment before.
  await store.acquire(node, { userId: 'ann', connectionId: 'a' })
  await redis.zadd(keys.seen, 1, 'ann')
  await holder.take({ userId: 'bob', connectionId: 'b' })
  await holder.renewAll()
  const again = changes.findLast(({ userId }) => userId === 'ann')
  t.not(again, left)
  t.notOk(again?.isOnline)
  t.ok((again?.lastSeen ?? 0) > (left?.lastSeen ?? 0) - leaseMs, 'and not as of when Redis last heard')
})

t.test('a leave ends nothing of a node that is late', async (t) => {
  const { store, holder, keys, online } = scene(t)
  await holder.take({ userId: 'ann', connectionId: 'here' })
  await store.acquire('late', { userId: 'ann', connectionId: 'there' })
  await redis.zadd(keys.nodes, 1, 'late')
  await holder.giveBack('here', 'clean')
  t.same(await online(['ann']), ['ann'], 'whether it is dead the sweep decides')
  t.same(await store.renew('late', [{ shard: 0, held: 1, news: [] }]), [true], 'and it finds its lease')
})

t.test('several shards are renewed at once, and each answers for itself', async (t) => {
  const prefix = `t${randomBytes(6).toString('hex')}`
  const store = new LeaseStore(redis, { prefix, shards: 3, leaseMs, maxConnectionsPerUser: 10 })
  t.teardown(async () => {
    await redis.del(await redis.keys(`${prefix}*`))
  })
  const userIds = Array.from({ length: 30 }, (_, i) => `user-${i}`)
  for (const userId of userIds) await store.acquire('node', { userId, connectionId: `c-${userId}` })
  const inShard = [0, 1, 2].map((shard) => userIds.filter((userId) => store.keys.shardOf(userId) === shard))
  await redis.hdel(`${store.keys.of(1).nodePrefix}node`, `c-${inShard[1]?.[0]}`)
  for (const { seen } of store.keys.shards) {
    for (const userId of await redis.zrange(seen, 0, '-1')) await redis.zadd(seen, 1, userId)
  }
  const silentMs = 5_000
  const before = Date.now()
  const renewals = [0, 1, 2].map((shard) => {
    const users = inShard[shard] ?? []
    // Of one shard nothing is to be told, of the others of all but one.
    const news = shard === 2 ? [] : users.slice(1).map((userId) => ({ userId, silentMs }))
    return { shard, held: users.length, news }
  })
  t.same(await store.renew('node', renewals), [true, false, true])
  const after = Date.now()
  for (const [shard, users] of inShard.entries()) {
    for (const [i, userId] of users.entries()) {
      const seen = Number(await redis.zscore(store.keys.of(shard).seen, userId))
      if (shard === 2 || i === 0) t.equal(seen, 1, `${userId} was not named`)
      else
        t.ok(
          seen >= before - silentMs - 1 && seen <= after - silentMs + 1,
          `${userId} was seen when it was said`,
        )
    }
  }
})

t.test('a user whose keys are not what they should be keeps nobody else from coming', async (t) => {
  const { store, keys, online } = scene(t)
  await redis.set(`${keys.userPrefix}bob`, 'no hash')
  const userIds = ['ann', 'bob', 'cyd']
  const took = await Promise.allSettled(
    userIds.map((userId) => store.acquire('node', { userId, connectionId: userId })),
  )
  t.same(
    took.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  t.same(await online(['ann', 'cyd']), ['ann', 'cyd'])
})
