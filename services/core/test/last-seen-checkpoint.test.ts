import { randomBytes } from 'node:crypto'
import { createMetrics } from '@earshot/core/observability/metrics'
import { LastSeenCheckpoint } from '@earshot/core/presence/last-seen-checkpoint'
import { LeaseStore } from '@earshot/core/presence/lease-store'
import { ShardUpkeep } from '@earshot/core/presence/shard-upkeep'
import type { Sighting } from '@earshot/core/presence/states'
import { Redis } from 'ioredis'
import t from 'tap'

const url = process.env.TEST_REDIS_URL
if (!url) throw new Error('TEST_REDIS_URL is not set: run the tests by make test')
const redis = new Redis(url, { replyMapping: 'legacy' })
t.teardown(() => redis.disconnect())

const intervalMs = 60_000
const stepMs = intervalMs / 12

t.test(
  'of those who are online, never more than is known, and those seen at about one time together',
  async (t) => {
    const prefix = `t${randomBytes(6).toString('hex')}`
    const store = new LeaseStore(redis, { prefix, shards: 1, leaseMs: 60_000, maxConnectionsPerUser: 10 })
    t.teardown(async () => {
      await redis.del(await redis.keys(`${prefix}*`))
    })
    const later = Math.floor(Date.now() / stepMs) * stepMs
    const known = { ann: later, bob: later + stepMs - 1, cyd: later + 1_234, dan: later - 1 }
    for (const [userId, lastSeen] of Object.entries(known)) {
      await store.acquire('node', { userId, connectionId: userId })
      await redis.zadd(store.keys.of(0).seen, lastSeen, userId)
    }
    await store.acquire('node', { userId: 'eve', connectionId: 'eve' })
    await store.release({ userId: 'eve', connectionId: 'eve' }, 0, 0)
    const written: Sighting[] = []
    const checkpoint = new LastSeenCheckpoint({
      upkeep: new ShardUpkeep(redis, store.keys, { leaseMs: 60_000, pauseMs: 30_000 }),
      lastSeen: {
        saw: async (sightings) => {
          written.push(...sightings)
        },
      },
      intervalMs,
      metrics: createMetrics({ role: 'test', node: 'test' }),
    })
    await checkpoint.run()
    t.same(Object.fromEntries(written.map(({ userId, lastSeen }) => [userId, lastSeen])), {
      ann: later,
      bob: later,
      cyd: later,
      dan: later - stepMs,
    })
  },
)
