import type { Redis } from 'ioredis'

/** Bytes that Redis has received and sent, its own replication aside. */
export async function redisTraffic(client: Redis): Promise<number> {
  const stats = await client.info('stats')
  const of = (field: string) => Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(stats)?.[1])
  return of('total_net_input_bytes') + of('total_net_output_bytes')
}

/** Bytes that Redis wrote to its append-only file, as long as it does not rewrite it meanwhile. */
export async function redisAppended(client: Redis): Promise<number> {
  return Number(/^aof_current_size:(\d+)/m.exec(await client.info('persistence'))?.[1] ?? Number.NaN)
}
