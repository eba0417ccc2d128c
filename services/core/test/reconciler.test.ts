import { randomBytes } from 'node:crypto'
import { createMetrics } from '@earshot/core/observability/metrics'
import { LeaseStore } from '@earshot/core/presence/lease-store'
import { PresenceReconciler } from '@earshot/core/presence/reconciler'
import { ShardUpkeep } from '@earshot/core/presence/shard-upkeep'
import type { PresenceState } from '@earshot/core/presence/states'
import { Redis } from 'ioredis'
import t from 'tap'

const url = process.env.TEST_REDIS_URL
if (!url) throw new Error('TEST_REDIS_URL is not set: run the tests by make test')
const redis = new Redis(url, { replyMapping: 'legacy' })
t.teardown(() => redis.disconnect())

const leaseMs = 60_000

t.test(
  'what is flushed while those online are listed is not undone; who is online nowhere else goes offline',
  async (t) => {
    const prefix = `t${randomBytes(6).toString('hex')}`
    t.teardown(async () => {
      await redis.del(await redis.keys(`${prefix}*`))
    })
    const leases = new LeaseStore(redis, { prefix, shards: 1, leaseMs, maxConnectionsPerUser: 10 })
    const upkeep = new ShardUpkeep(redis, leases.keys, { leaseMs, pauseMs: leaseMs })
    // Ann is there; Bob has just left, and MongoDB does not have that yet; of Cyd Redis knows nothing.
    await leases.acquire('node', { userId: 'ann', connectionId: 'a' })
    await leases.acquire('node', { userId: 'bob', connectionId: 'b' })
    await leases.release({ userId: 'bob', connectionId: 'b' }, 0, 0)
    const online = { isOnline: true, version: 1, lastSeen: 1 }
    const mongo = new Map(
      ['ann', 'bob', 'cyd'].map((userId) => [userId, { userId, name: userId, ...online }]),
    )
    const gone: PresenceState[] = []
    const reconciler = new PresenceReconciler({
      upkeep,
      leases,
      lastSeen: {
        async *online() {
          yield* [...mongo.values()]
          const { found } = await upkeep.dirty(0, '0', 10)
          for (const state of found) mongo.set(state.userId, { ...state, name: state.userId })
          await upkeep.flushed(0, 'dirty', found)
        },
        find: async (userIds) => userIds.flatMap((userId) => mongo.get(userId) ?? []),
      },
      onGone: (state) => gone.push(state),
      metrics: createMetrics({ role: 'test', node: 'test' }),
    })
    reconciler.consider(0, { born: 0, isSettled: false })
    await reconciler.run()
    t.match(gone, [{ userId: 'cyd', isOnline: false, lastSeen: 1 }])
    t.equal(gone.length, 1, 'nobody else')
  },
)
