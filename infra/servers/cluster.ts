import { silent } from '../report/reporter.ts'
import { WEB_ROOT } from '../settings.ts'
import { freePort, type ReservedPort } from '../system/ports.ts'
import { removeTempDir, tempDir } from '../system/temp-dir.ts'
import { planBalancer, reachable } from './balancer.ts'
import type { Daemon, Surroundings } from './daemon.ts'
import { startAll } from './server.ts'
import { serviceDaemon } from './service.ts'

export interface ClusterOptions extends Partial<Surroundings> {
  redisUrl: string
  /** For the queues; the same Redis unless given. */
  queueRedisUrl?: string
  /** With the database's name. */
  mongoUri: string
  jwtSecret: string
  gatewayEntry: string
  workerEntry: string
  nodes?: number
  host?: string
  /** A free one unless given. */
  port?: number
  /** Holds the port until the balancer takes it. */
  reserved?: ReservedPort
  /** For the balancer's configuration; throwaway unless given. */
  runDir?: string
  /** For all services, on top of the caller's environment. */
  env?: NodeJS.ProcessEnv
}

export interface Cluster {
  readonly url: string
  readonly gateways: readonly Daemon[]
  readonly worker: Daemon
  readonly balancer: Daemon
  /** Balancer, gateways, worker: who stops feeding the others stops first. */
  stop(): Promise<void>
}

/** Gateways, a worker and the balancer in front of them, on databases that run already. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const surroundings: Surroundings = { ...options, reporter: options.reporter ?? silent }
  const { host = '127.0.0.1', nodes = 2 } = options
  const ownDir = options.runDir === undefined ? tempDir('cluster') : undefined
  const runDir = options.runDir ?? ownDir ?? ''
  const port = options.port ?? (await freePort())

  const service = async (id: string, entry: string, env: NodeJS.ProcessEnv) =>
    serviceDaemon({ id, entry, port: await freePort(), env }, surroundings)
  const env = environmentOf(options)
  const gatewayEnv = { ...env, WEB_ROOT }
  const gateways = await Promise.all(
    Array.from({ length: nodes }, (_, index) =>
      service(`gateway-${index + 1}`, options.gatewayEntry, gatewayEnv),
    ),
  )
  const worker = await service('worker-1', options.workerEntry, env)
  const { daemon: balancer, softStop } = await planBalancer({
    host,
    port,
    runDir,
    gateways: gateways.map((daemon) => ({ id: daemon.role, port: daemon.port ?? 0 })),
    surroundings,
  })

  const stop = async () => {
    balancer.retire(softStop)
    await Promise.all(gateways.map((gateway) => gateway.stop()))
    await balancer.stop()
    await worker.stop()
    if (ownDir) removeTempDir(ownDir)
  }
  try {
    await Promise.all([...gateways, worker].map((daemon) => daemon.start()))
    await options.reserved?.release()
    await startAll([balancer])
  } catch (error) {
    await stop()
    throw error
  }
  return { url: `http://${reachable(host)}:${port}`, gateways, worker, balancer, stop }
}

function environmentOf(options: ClusterOptions): NodeJS.ProcessEnv {
  return {
    REDIS_URL: options.redisUrl,
    QUEUE_REDIS_URL: options.queueRedisUrl ?? options.redisUrl,
    MONGODB_URI: options.mongoUri,
    JWT_SECRET: options.jwtSecret,
    ...options.env,
  }
}
