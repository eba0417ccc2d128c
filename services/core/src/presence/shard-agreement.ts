import type { Redis } from 'ioredis'

/**
 * Every process has to look for a user in the same shard: one that did not would take others' users offline. The first
 * that starts says how many shards there are.
 *
 *   <prefix>:presence:shards   string: their number
 */
export async function agreeOnShards(redis: Redis, prefix: string, shards: number): Promise<void> {
  const key = `${prefix}:presence:shards`
  await redis.set(key, shards, 'NX')
  const agreed = Number(await redis.get(key))
  if (agreed === shards) return
  throw new Error(
    `PRESENCE_SHARDS is ${shards}, and ${agreed} where this Redis is in use already (${key}). ` +
      `To change it, stop every process and delete ${key} and ${prefix}:{p*}:* first.`,
  )
}
