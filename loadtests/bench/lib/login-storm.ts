import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Toolbox } from '../../../infra/tools/toolbox.ts'
import { makePeople } from './groups.ts'
import { LeanClient } from './lean-client.ts'
import type { Program } from './programs.ts'
import { redisTraffic } from './redis-traffic.ts'
import { type CpuTimes, parts, Servers } from './servers.ts'

const nodes = 2
/** Who logs in before anything is measured, for the compilers. */
const warmers = 200
const warmUpMs = 2_000
/** So long no event came: all have. */
const quietMs = 2_000
/** What a storm's people cost by being there is measured for so long at least. */
const restMs = 6_000

/** Who hears of those who log in. */
export interface Case {
  label: string
  program: Program
  broadcasts: boolean
  /** Whom the i-th of so many watches. */
  contacts: (i: number, of: number) => number[]
}

/** What a cluster used in some time. */
export interface Used {
  /** Microseconds of CPU time. */
  cpu: CpuTimes
  redisBytes: number
  ms: number
}

/** One storm, and what the cluster used right after it, all being there. */
export interface Storm {
  used: Used
  after: Used
  statuses: number
  clientBytes: number
}

/** What a cluster has used up to a moment, by the monotonic clock. */
interface Reading {
  cpu: CpuTimes
  redisBytes: number
  at: number
}

interface LastStorm {
  before: Reading
  after: Reading
  clients: LeanClient[]
}

/** A cluster in which one case is measured, storm by storm. Those of earlier storms stay. */
export class StormCluster {
  readonly case: Case
  readonly storms: Storm[] = []
  readonly #servers: Servers
  readonly #meter: Redis
  readonly #clients: LeanClient[] = []
  /** The last storm, until what its people cost by being there is known. */
  #open: LastStorm | undefined

  private constructor(one: Case, servers: Servers) {
    this.case = one
    this.#servers = servers
    this.#meter = new Redis(servers.redisUrl, { replyMapping: 'legacy' })
  }

  /** @param userIds of all who will log in */
  static async start(box: Toolbox, one: Case, userIds: readonly string[]): Promise<StormCluster> {
    const logDir = join(box.logDir, one.label.replaceAll(/\W+/g, '-'))
    mkdirSync(logDir, { recursive: true })
    const env = { PRESENCE_BROADCAST: String(one.broadcasts) }
    const servers = await Servers.start({ ...box, logDir }, { nodes, program: one.program, env })
    const cluster = new StormCluster(one, servers)
    try {
      // One-by-one knows whoever comes.
      if (one.program === 'earshot') await makePeople(servers, userIds)
      const warm = await cluster.#login(peopleOf('warm', warmers), warmUpMs)
      await settled(warm)
      for (const client of warm) client.close()
      await wait(quietMs)
      return cluster
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  /** Resolves when everybody has logged in and heard all. What the storm cost is known when the next one begins, or after `rest`. */
  async storm(userIds: string[], withinMs: number): Promise<void> {
    await this.rest()
    const before = await this.#read()
    const clients = await this.#login(userIds, withinMs)
    await settled(clients)
    this.#open = { before, after: await this.#read(), clients }
  }

  /** Resolves when it is known what the last storm cost. */
  async rest(): Promise<void> {
    if (!this.#open) return
    await wait(Math.max(0, this.#open.after.at + restMs - performance.now()))
    await this.#close(this.#open)
  }

  async stop(): Promise<void> {
    this.#meter.disconnect()
    for (const client of this.#clients) client.close()
    await this.#servers.stop()
  }

  async #read(): Promise<Reading> {
    return {
      cpu: this.#servers.cpu(),
      redisBytes: await redisTraffic(this.#meter),
      at: performance.now(),
    }
  }

  /** Notes the last storm, and what its people cost since by being there. */
  async #close({ before, after, clients }: LastStorm): Promise<void> {
    this.#open = undefined
    const rested = await this.#read()
    const sum = (of: (client: LeanClient) => number) => clients.reduce((all, client) => all + of(client), 0)
    this.storms.push({
      used: between(before, after),
      after: between(after, rested),
      statuses: sum(({ statuses }) => statuses),
      clientBytes: sum(({ bytes }) => bytes),
    })
  }

  /** At an even pace. */
  async #login(userIds: string[], withinMs: number): Promise<LeanClient[]> {
    const startedAt = performance.now()
    const logins = userIds.map(async (userId, i) => {
      await wait(Math.max(0, startedAt + (i * withinMs) / userIds.length - performance.now()))
      const client = await LeanClient.login(this.#servers, userId, i % nodes)
      this.#clients.push(client)
      const watched = this.case.contacts(i, userIds.length).map((at) => userIds[at] ?? '')
      if (watched.length > 0) await client.watch(watched)
      return client
    })
    return Promise.all(logins)
  }
}

function between(from: Reading, to: Reading): Used {
  const cpu = Object.fromEntries(parts.map((part) => [part, to.cpu[part] - from.cpu[part]])) as CpuTimes
  return { cpu, redisBytes: to.redisBytes - from.redisBytes, ms: to.at - from.at }
}

export function peopleOf(prefix: string, many: number): string[] {
  return Array.from({ length: many }, (_, i) => `${prefix}-${i}`)
}

async function settled(clients: LeanClient[]): Promise<void> {
  const heard = () => clients.reduce((sum, { statuses }) => sum + statuses, 0)
  let before: number
  do {
    before = heard()
    await wait(quietMs)
  } while (heard() > before)
}
