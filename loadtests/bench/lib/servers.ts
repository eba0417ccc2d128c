import { randomBytes } from 'node:crypto'
import { type Daemon, startMongo, startRedis } from '../../../infra/servers/index.ts'
import { serviceDaemon } from '../../../infra/servers/service.ts'
import { readSettings } from '../../../infra/settings.ts'
import { freePort } from '../../../infra/system/ports.ts'
import { usageOf } from '../../../infra/system/process-usage.ts'
import type { Toolbox } from '../../../infra/tools/toolbox.ts'
import { cpuTimes } from './cpu-time.ts'
import { profileFolder, profiling } from './profile.ts'
import { type Program, partsOf } from './programs.ts'

export const parts = ['gateways', 'worker', 'redis', 'database'] as const
export type Part = (typeof parts)[number]
/** CPU time of each part of the cluster, microseconds. */
export type CpuTimes = Record<Part, number>

export interface ServersOptions {
  nodes: number
  /** Settings of gateways and worker that differ from their defaults. */
  env?: NodeJS.ProcessEnv
  /** `earshot` unless given. */
  program?: Program
}

/**
 * A cluster with throwaway data, its servers processes of their own as in production, so that each one's CPU time can be
 * told from the others' and from the clients'. Without a balancer: clients choose their node.
 */
export class Servers {
  readonly jwtSecret: string
  readonly redisUrl: string
  /** `undefined` for a program that stores nothing. */
  readonly mongoUrl: string | undefined
  readonly #processes: Record<Part, readonly Daemon[]>
  readonly #stop: () => Promise<void>

  private constructor(deps: {
    jwtSecret: string
    redisUrl: string
    mongoUrl: string | undefined
    processes: Record<Part, readonly Daemon[]>
    stop: () => Promise<void>
  }) {
    this.jwtSecret = deps.jwtSecret
    this.redisUrl = deps.redisUrl
    this.mongoUrl = deps.mongoUrl
    this.#processes = deps.processes
    this.#stop = deps.stop
  }

  static async start(box: Toolbox, options: ServersOptions): Promise<Servers> {
    const { nodes, env, program = 'earshot' } = options
    const { reporter } = box
    const undo: (() => Promise<void>)[] = []
    const stop = async () => {
      for (const step of undo.toReversed()) await step()
    }
    try {
      const redis = await reporter.step('Starting Redis', () => startRedis(box))
      undo.push(() => redis.stop())
      const { nodeEntry, workerEntry, hasDatabase } = partsOf(program)
      const mongo = hasDatabase ? await reporter.step('Starting MongoDB', () => startMongo(box)) : undefined
      if (mongo) undo.push(() => mongo.stop())
      const mongoUrl = mongo && `${mongo.url}/earshot`
      const jwtSecret = randomBytes(24).toString('hex')
      const service = async (id: string, entry: string) => {
        const profiles = profileOf(entry)
        const settings = {
          REDIS_URL: redis.url,
          QUEUE_REDIS_URL: redis.url,
          ...(mongoUrl && { MONGODB_URI: mongoUrl }),
          JWT_SECRET: jwtSecret,
          LOG_LEVEL: 'warn',
          DRAIN_MS: '0',
          ...env,
          ...(profiles && { NODE_OPTIONS: profiling(profiles, env?.NODE_OPTIONS) }),
        }
        const daemon = serviceDaemon({ id, entry, port: await freePort(), env: settings }, box)
        undo.push(() => daemon.stop())
        return daemon
      }
      const worker = workerEntry ? [await service('worker-1', workerEntry)] : []
      const gateways: Daemon[] = []
      for (let i = 1; i <= nodes; i++) gateways.push(await service(`gateway-${i}`, nodeEntry))
      await reporter.step(`Starting ${program}`, () =>
        Promise.all([...worker, ...gateways].map((daemon) => daemon.start())),
      )
      const processes = { gateways, worker, redis: redis.daemons, database: mongo?.daemons ?? [] }
      return new Servers({ jwtSecret, redisUrl: redis.url, mongoUrl, processes, stop })
    } catch (error) {
      await stop()
      throw error
    }
  }

  get nodes(): number {
    return this.#processes.gateways.length
  }

  url(node: number): string {
    const gateway = this.#processes.gateways[node]
    if (!gateway) throw new RangeError(`no node ${node}`)
    return `http://127.0.0.1:${gateway.port}`
  }

  /** As a fault would end it. CPU time can be asked for no more. */
  async kill(node: number): Promise<void> {
    await this.#processes.gateways[node]?.kill('SIGKILL')
  }

  /** CPU time that each part has used since it was started. */
  cpu(): CpuTimes {
    const pids = (part: Part) => this.#processes[part].map(pidOf)
    return cpuTimes({
      gateways: pids('gateways'),
      worker: pids('worker'),
      redis: pids('redis'),
      database: pids('database'),
    })
  }

  /** Resident memory of each process with its descendants, bytes, by its role: `gateway-1`, `redis`. */
  memory(): Map<string, number> {
    const daemons = parts.flatMap((part) => this.#processes[part])
    const usages = usageOf(daemons.map(pidOf))
    return new Map(daemons.map((daemon) => [daemon.role, usages.get(pidOf(daemon))?.memoryBytes ?? 0]))
  }

  /** Asks every gateway to, see `collect-on-signal.ts`. Their pids. */
  collectGarbage(): number[] {
    const pids = this.#processes.gateways.map(pidOf)
    for (const pid of pids) process.kill(pid, 'SIGUSR2')
    return pids
  }

  stop(): Promise<void> {
    return this.#stop()
  }
}

/** Where a program of Earshot's writes a profile of itself, if it is asked for. */
function profileOf(entry: string): string | undefined {
  const { gatewayEntry, workerEntry } = readSettings()
  if (entry === gatewayEntry) return profileFolder('gateways')
  return entry === workerEntry ? profileFolder('worker') : undefined
}

function pidOf({ role, pid }: Daemon): number {
  if (pid === undefined) throw new Error(`${role} has ended`)
  return pid
}
