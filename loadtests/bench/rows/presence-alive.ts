import { setTimeout as wait } from 'node:timers/promises'
import { commandClient } from '@earshot/core/clients/redis'
import { createLogger } from '@earshot/core/observability/logger'
import { createMetrics } from '@earshot/core/observability/metrics'
import { PresenceKeys } from '@earshot/core/presence/keys'
import { LeaseHolder } from '@earshot/core/presence/lease-holder'
import { LeaseStore } from '@earshot/core/presence/lease-store'
import type { Redis } from 'ioredis'
import { type Floor, floorCell, type Goal } from '../lib/goal.ts'
import { redisAppended, redisTraffic } from '../lib/redis-traffic.ts'
import type { Row, Table } from '../lib/row.ts'
import { type CpuTimes, Servers } from '../lib/servers.ts'
import { count } from '../lib/settings.ts'

/** As the settings are by default. */
const options = { leaseMs: 15_000, renewMs: 5_000, graceMs: 5_000 }
const shards = 64
const pingMs = 15_000
const nodes = 2
const atOnce = 500
/** Percent of one core. */
const most = 1
/** For the floor: so often all are renewed, so many by one command. */
const floorRounds = 50
/** Before each measurement: a worker that has just started costs twice as much, whoever is there. */
const settleMs = 10_000

interface Minute {
  /** CPU time of the nodes: of this process, which does nothing else. */
  nodesUs: number
  servers: CpuTimes
  bytes: number
  /** To the append-only file, and to each replica. */
  appended: number
}

/** What renews leases in a gateway, a worker that sweeps and writes, Redis and MongoDB; no sockets. */
export const presenceAlive: Row = {
  name: 'presence-alive',
  asks: 'What does it cost to keep many connections online?',
  isJudged: true,
  async run(box) {
    const connections = count('CONNECTIONS', 10_000)
    const seconds = count('SECONDS', 60)
    const servers = await Servers.start(box, { nodes: 0 })
    const clients = Array.from({ length: nodes }, (_, i) => commandClient(servers.redisUrl, `bench-${i}`))
    const [meter] = clients
    if (!meter) throw new Error('no client')
    const holders = clients.map((client, i) => holderOf(client, i))
    let pings: NodeJS.Timeout | undefined
    try {
      for (const client of clients) await client.connect()
      const leases = Array.from({ length: connections }, (_, i) => ({
        userId: i.toString(16).padStart(24, '0'),
        connectionId: i.toString(36).padStart(20, 'A'),
      }))
      for (const holder of holders) holder.start()
      await box.reporter.step('The worker warms up', () => wait(settleMs))
      // Sockets bring signs of life, and their cost is not this row's: the timer that stands in for them runs in both measurements.
      let isThere = false
      pings = answerPings(leases, (i) => (isThere ? holders[i % nodes] : undefined))
      const before = await box.reporter.step('Nobody is there', () => minute(servers, meter, seconds))
      await box.reporter.step('All connect', async () => {
        for (let i = 0; i < leases.length; i += atOnce) {
          const some = leases.slice(i, i + atOnce)
          await Promise.all(some.map((lease, at) => holders[(i + at) % nodes]?.take(lease)))
        }
        isThere = true
        await flushed(meter)
        await wait(settleMs)
      })
      const all = await box.reporter.step('All are there', () => minute(servers, meter, seconds))
      await box.reporter.step('All leave', async () => {
        isThere = false
        for (const [i, { connectionId }] of leases.entries())
          await holders[i % nodes]?.giveBack(connectionId, 'clean')
        await flushed(meter)
        await wait(settleMs)
      })
      // A worker gets cheaper while it runs: what it does for nobody is what it did before and does after, in the middle.
      const nobody = middle(
        before,
        await box.reporter.step('Nobody is there', () => minute(servers, meter, seconds)),
      )
      const floor = await box.reporter.step('Bare timestamps', () => timestamps(servers, meter, leases))
      return tableOf(nobody, all, floor, { connections, seconds })
    } finally {
      clearInterval(pings)
      for (const holder of holders) holder.stop()
      for (const client of clients) client.disconnect()
      await servers.stop()
    }
  },
}

function holderOf(client: Redis, i: number): LeaseHolder {
  const name = `bench-${i}`
  return new LeaseHolder({
    store: new LeaseStore(client, {
      prefix: 'earshot',
      shards,
      leaseMs: options.leaseMs,
      maxConnectionsPerUser: 10,
    }),
    options,
    onChange: () => undefined,
    log: createLogger({ level: 'warn', role: 'bench', nodeId: name }),
    metrics: createMetrics({ role: 'bench', node: name }),
  })
}

/** The worker has written all changes to MongoDB. */
async function flushed(client: Redis): Promise<void> {
  const keys = new PresenceKeys('earshot', shards).shards.map(({ dirty }) => dirty)
  while ((await client.exists(keys)) > 0) await wait(500)
}

/** Each connection gives a sign of life once in the interval of pings, spread over it. */
function answerPings(
  leases: { connectionId: string }[],
  holder: (i: number) => LeaseHolder | undefined,
): NodeJS.Timeout {
  let next = 0
  const startedAt = performance.now()
  return setInterval(() => {
    const until = ((performance.now() - startedAt) / pingMs) * leases.length
    for (; next < until; next++) {
      const i = next % leases.length
      holder(i)?.alive(leases[i]?.connectionId ?? '')
    }
  }, 100)
}

/** The least that says of each in Redis that it is still there, of a core. */
async function timestamps(
  servers: Servers,
  client: Redis,
  leases: { connectionId: string }[],
): Promise<Floor> {
  const round = async (now: number) => {
    for (let i = 0; i < leases.length; i += atOnce) {
      const some = leases.slice(i, i + atOnce)
      await client.zadd('bench:alive', ...some.flatMap(({ connectionId }) => [now, connectionId]))
    }
  }
  await round(0)
  const [before, own] = [servers.cpu(), process.cpuUsage()]
  for (let i = 1; i <= floorRounds; i++) await round(i)
  const used = process.cpuUsage(own)
  const us = used.user + used.system + servers.cpu().redis - before.redis
  return { of: 'timestamps', value: us / floorRounds / options.renewMs / 10 }
}

async function minute(servers: Servers, meter: Redis, seconds: number): Promise<Minute> {
  const [bytes, appended] = [await redisTraffic(meter), await redisAppended(meter)]
  const [before, own] = [servers.cpu(), process.cpuUsage()]
  await wait(seconds * 1_000)
  const used = process.cpuUsage(own)
  const after = servers.cpu()
  const parts = Object.keys(after) as (keyof CpuTimes)[]
  return {
    nodesUs: used.user + used.system,
    servers: Object.fromEntries(parts.map((part) => [part, after[part] - before[part]])) as CpuTimes,
    bytes: (await redisTraffic(meter)) - bytes,
    appended: (await redisAppended(meter)) - appended,
  }
}

function middle(before: Minute, after: Minute): Minute {
  const mean = (of: (minute: Minute) => number) => (of(before) + of(after)) / 2
  const parts = Object.keys(before.servers) as (keyof CpuTimes)[]
  return {
    nodesUs: mean(({ nodesUs }) => nodesUs),
    servers: Object.fromEntries(
      parts.map((part) => [part, mean(({ servers }) => servers[part])]),
    ) as CpuTimes,
    bytes: mean(({ bytes }) => bytes),
    appended: mean(({ appended }) => appended),
  }
}

function tableOf(
  nobody: Minute,
  all: Minute,
  floor: Floor,
  { connections, seconds }: { connections: number; seconds: number },
): Table {
  const parts: [string, (of: Minute) => number][] = [
    ['nodes', ({ nodesUs }) => nodesUs],
    ['Redis', ({ servers }) => servers.redis],
    ['worker', ({ servers }) => servers.worker],
    ['nodes, Redis and worker', ({ nodesUs, servers }) => nodesUs + servers.redis + servers.worker],
    ['database', ({ servers }) => servers.database],
  ]
  const s = (us: number) => `${(us / 1e6).toFixed(2)} s`
  const each = (of: (minute: Minute) => number) =>
    `${((of(all) - of(nobody)) / connections / seconds).toFixed(0)} bytes a second and connection`
  const percent = (of: (minute: Minute) => number) => (of(all) - of(nobody)) / seconds / 10_000
  const upkeep = percent(({ nodesUs, servers }) => nodesUs + servers.redis + servers.worker)
  const goal: Goal = {
    what: `keeping the presence of ${connections} sockets alive`,
    against: 'one core',
    toReach: `≤ ${most} %`,
    figure: `${upkeep.toFixed(2)} %`,
    isReached: upkeep <= most,
    floor: floorCell(floor, upkeep, (value) => `${value.toFixed(2)} %`),
  }
  const added = all.bytes - nobody.bytes
  return {
    heading: ['CPU time', 'nobody there', 'all there', 'for the connections', 'of one core', 'µs a renewal'],
    lines: parts.map(([name, of]) => {
      const own = of(all) - of(nobody)
      const renewals = (connections * seconds * 1_000) / options.renewMs
      return [
        name,
        s(of(nobody)),
        s(of(all)),
        s(own),
        `${(own / seconds / 10_000).toFixed(2)} %`,
        (own / renewals).toFixed(1),
      ]
    }),
    notes: [
      `${connections} connections of as many users on ${nodes} nodes for ${seconds} s, default settings, Redis with an append-only file.`,
      `${(added / 1e6).toFixed(1)} MB between the nodes, the worker and Redis, both directions: ${each(({ bytes }) => bytes)}.`,
      `What Redis writes to its append-only file, and would send to each replica: ${each(({ appended }) => appended)}.`,
      'Nobody there: the mean of a measurement before all came and one after all had left.',
      'The database writes lastSeen of each once a minute (PRESENCE_CHECKPOINT_MS).',
      'Floor: a timestamp a connection in one sorted set, renewed as often, five hundred by one command.',
    ],
    goals: [goal],
  }
}
