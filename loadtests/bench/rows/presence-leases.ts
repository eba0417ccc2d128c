import { commandClient } from '@earshot/core/clients/redis'
import { LeaseStore } from '@earshot/core/presence/lease-store'
import { ShardUpkeep } from '@earshot/core/presence/shard-upkeep'
import type { Redis } from 'ioredis'
import { startRedis } from '../../../infra/servers/redis.ts'
import { cpuTimes } from '../lib/cpu-time.ts'
import type { Row, Table } from '../lib/row.ts'
import { count } from '../lib/settings.ts'

const shards = 64
const leaseMs = 15_000
/** `PING_INTERVAL_MS` / `PRESENCE_RENEW_MS` */
const renewalsPerPing = 3
const node = 'bench'
/** As gateways and workers have it. */
const leasesPerCall = 500
const usersPerCall = 500
const atOnce = 1_000

interface Cost {
  what: string
  /** Of what each figure is an average. */
  times: number
  calls: number
  bytes: number
  redisUs: number
  nodeUs: number
}

/** What Redis does for presence, operation by operation: no gateway, no clients. */
export const presenceLeases: Row = {
  name: 'presence-leases',
  asks: 'What do a connection, its renewal, a change and the upkeep cost in Redis?',
  async run(box) {
    const connections = count('CONNECTIONS', 10_000)
    const rounds = count('ROUNDS', 10)
    const redis = await box.reporter.step('Starting Redis', () => startRedis(box))
    const client = commandClient(redis.url, 'bench')
    await client.connect()
    try {
      const meter = new RedisMeter(client, redis.pid ?? 0)
      const emptyBytes = await meter.memory()
      const bench = new Leases(client, connections)
      const costs: Cost[] = []
      const note = async (what: string, times: number, work: () => Promise<void>) => {
        costs.push(
          await box.reporter.step(what, async () => ({
            what,
            times,
            ...(await meter.measure(times, work)),
          })),
        )
      }
      await note('connect', connections, () => bench.connect())
      const userBytes = ((await meter.memory()) - emptyBytes) / connections
      await note('renew', connections * rounds, () =>
        repeat(rounds, (round) => bench.renew(round % renewalsPerPing === 0)),
      )
      await note('read a state', connections * rounds, () => repeat(rounds, () => bench.read()))
      await note('note a change as told', connections, () => bench.told())
      await note('sweep a shard', shards * 10 * rounds, () => repeat(10 * rounds, () => bench.sweep()))
      await note('flush a change', connections, () => bench.flush())
      await note('checkpoint a user', connections * rounds, () => repeat(rounds, () => bench.checkpoint()))
      await note('disconnect', connections, () => bench.disconnect())
      return tableOf(costs, connections, userBytes)
    } finally {
      client.disconnect()
      await redis.stop()
    }
  },
}

class Leases {
  readonly #store: LeaseStore
  readonly #upkeep: ShardUpkeep
  readonly #leases: { userId: string; connectionId: string }[]

  constructor(client: Redis, connections: number) {
    this.#store = new LeaseStore(client, { prefix: 'earshot', shards, leaseMs, maxConnectionsPerUser: 10 })
    this.#upkeep = new ShardUpkeep(client, this.#store.keys, { leaseMs, pauseMs: leaseMs })
    // As long as the ids of MongoDB and of Socket.IO are.
    this.#leases = Array.from({ length: connections }, (_, i) => ({
      userId: i.toString(16).padStart(24, '0'),
      connectionId: i.toString(36).padStart(20, 'A'),
    }))
  }

  connect(): Promise<void> {
    return inSteps(this.#leases, atOnce, (lease) => this.#store.acquire(node, lease))
  }

  disconnect(): Promise<void> {
    return inSteps(this.#leases, atOnce, (lease) => this.#store.release(lease, 0, 0))
  }

  /** @param hasNews whether connections gave a sign of life since the last renewal: between two pings most did not */
  async renew(hasNews: boolean): Promise<void> {
    const byShard = Map.groupBy(this.#leases, ({ userId }) => this.#store.keys.shardOf(userId))
    for (const [shard, leases] of byShard) {
      const all = hasNews ? leases.map(({ userId }) => ({ userId, silentMs: 2_500 })) : []
      for (let i = 0; i === 0 || i < all.length; i += leasesPerCall) {
        const news = all.slice(i, i + leasesPerCall)
        await this.#store.renew(node, [{ shard, held: leases.length, news }])
      }
    }
  }

  async read(): Promise<void> {
    for (let i = 0; i < this.#leases.length; i += usersPerCall) {
      await this.#store.read(this.#leases.slice(i, i + usersPerCall).map(({ userId }) => userId))
    }
  }

  async told(): Promise<void> {
    const version = Number.MAX_SAFE_INTEGER
    for (let i = 0; i < this.#leases.length; i += usersPerCall) {
      const some = this.#leases.slice(i, i + usersPerCall)
      await this.#store.told(some.map(({ userId }) => ({ userId, version })))
    }
  }

  async sweep(): Promise<void> {
    for (let shard = 0; shard < shards; shard++) await this.#upkeep.sweep(shard, 200, false)
  }

  async flush(): Promise<void> {
    for (let shard = 0; shard < shards; shard++) {
      let cursor = '0'
      do {
        const page = await this.#upkeep.dirty(shard, cursor, usersPerCall)
        await this.#upkeep.flushed(shard, 'dirty', page.found)
        cursor = page.cursor
      } while (cursor !== '0')
    }
  }

  async checkpoint(): Promise<void> {
    for (let shard = 0; shard < shards; shard++) {
      let cursor = '0'
      do {
        cursor = (await this.#upkeep.signsOfLife(shard, cursor, usersPerCall)).cursor
      } while (cursor !== '0')
    }
  }
}

class RedisMeter {
  readonly #client: Redis
  readonly #pid: number

  constructor(client: Redis, pid: number) {
    this.#client = client
    this.#pid = pid
  }

  /** Bytes that Redis uses. */
  async memory(): Promise<number> {
    return this.#number('memory', 'used_memory')
  }

  async measure(times: number, work: () => Promise<void>): Promise<Omit<Cost, 'what' | 'times'>> {
    const [before, node] = [await this.#read(), process.cpuUsage()]
    await work()
    const used = process.cpuUsage(node)
    const after = await this.#read()
    return {
      calls: (after.calls - before.calls) / times,
      bytes: (after.bytes - before.bytes) / times,
      redisUs: (after.redisUs - before.redisUs) / times,
      nodeUs: (used.user + used.system) / times,
    }
  }

  async #read() {
    const { redis } = cpuTimes({ redis: [this.#pid] })
    const received = await this.#number('stats', 'total_net_input_bytes')
    const sent = await this.#number('stats', 'total_net_output_bytes')
    return { calls: await this.#scripts(), bytes: received + sent, redisUs: redis }
  }

  /** What scripts call is counted as well, and is no call over the wire. */
  async #scripts(): Promise<number> {
    const stats = await this.#client.info('commandstats')
    const names = ['evalsha', 'eval', 'hscan', 'zscan']
    return names.reduce((sum, name) => {
      const calls = new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1]
      return sum + Number(calls ?? 0)
    }, 0)
  }

  async #number(section: string, field: string): Promise<number> {
    const value = new RegExp(`^${field}:(\\d+)`, 'm').exec(await this.#client.info(section))?.[1]
    return Number(value)
  }
}

async function inSteps<T>(items: T[], size: number, work: (item: T) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < items.length; i += size) await Promise.all(items.slice(i, i + size).map(work))
}

async function repeat(times: number, work: (round: number) => Promise<void>): Promise<void> {
  for (let i = 0; i < times; i++) await work(i)
}

function tableOf(costs: Cost[], connections: number, userBytes: number): Table {
  return {
    heading: ['each', 'calls', 'bytes on the wire', 'Redis, µs', 'Node, µs'],
    lines: costs.map(({ what, calls, bytes, redisUs, nodeUs }) => [
      what,
      calls < 0.1 ? calls.toFixed(4) : calls.toFixed(2),
      bytes.toFixed(0),
      redisUs.toFixed(2),
      nodeUs.toFixed(2),
    ]),
    notes: [
      `${connections} users with a connection each in ${shards} shards; bytes are those of both directions.`,
      `Redis holds ${userBytes.toFixed(0)} bytes for each of them, what waits for MongoDB included.`,
      'Without what MongoDB does of a flush and a checkpoint: for each user two updates, or one.',
    ],
  }
}
