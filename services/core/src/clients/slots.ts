import type { Redis } from 'ioredis'

const slotted = new WeakSet<Redis>()

/**
 * Learns whether this client's Redis is in cluster mode, where one call may touch the keys of one slot alone. Call it before the
 * client is used. Where Redis does not say, it is taken for one.
 */
export async function learnSlots(client: Redis): Promise<void> {
  const isWhole = await client.info('cluster').then(
    (info) => info.includes('cluster_enabled:0'),
    () => false,
  )
  if (!isWhole) slotted.add(client)
}

/**
 * What several slots are asked for, by call: all in one, which costs by the command more than by what it asks, or a call for each
 * where Redis is in cluster mode.
 */
export function callsFor<T>(client: Redis, bySlot: T[]): T[][] {
  if (bySlot.length === 0) return []
  return slotted.has(client) ? bySlot.map((one) => [one]) : [bySlot]
}
