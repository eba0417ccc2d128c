import type { Redis } from 'ioredis'

/** The clock of Redis, which is the one of all nodes, milliseconds since 1970. Rejects while Redis is away. */
export async function redisNow(redis: Redis): Promise<number> {
  const [seconds, micros] = await redis.time()
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
}
