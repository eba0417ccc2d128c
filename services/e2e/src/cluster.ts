import { randomBytes } from 'node:crypto'
import { loadConfig } from '@earshot/core/config/load'
import { createLogger } from '@earshot/core/observability/logger'
import { type Gateway, startGateway } from '@earshot/gateway'
import { startWorker, type WorkerProcess } from '@earshot/worker'
import { Redis } from 'ioredis'
import { type Db, MongoClient } from 'mongodb'
import type { Test } from 'tap'
import { ServiceProcess } from './service-process.ts'
import { TestClient } from './test-client.ts'
import { mintToken } from './tokens.ts'

export const secret = 'a-secret-for-tests-only'

export interface ClusterOptions {
  nodes?: number
  workers?: number
  env?: Record<string, string>
  /** Servers of the test's own, to be stopped and wiped. */
  redisUrl?: string
  mongoUri?: string
}

/** A cluster of its own for one test: real Redis and MongoDB-wire server, own prefix and database, ports by chance. */
export class Cluster {
  readonly env: Record<string, string>
  readonly redis: Redis
  readonly prefix: string
  readonly gateways: Gateway[] = []
  readonly workers: WorkerProcess[] = []
  readonly clients: TestClient[] = []
  readonly #mongo: MongoClient
  readonly processes: ServiceProcess[] = []

  constructor(
    extra: Record<string, string> = {},
    servers: Pick<ClusterOptions, 'redisUrl' | 'mongoUri'> = {},
  ) {
    this.prefix = `t${randomBytes(6).toString('hex')}`
    const redisUrl = servers.redisUrl ?? required('TEST_REDIS_URL')
    const mongoUri = (servers.mongoUri ?? required('TEST_MONGODB_URI')).replace(/\/?$/, `/${this.prefix}`)
    this.env = {
      PORT: '0',
      HOST: '127.0.0.1',
      LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'silent',
      JWT_SECRET: secret,
      REDIS_URL: redisUrl,
      REDIS_PREFIX: this.prefix,
      MONGODB_URI: mongoUri,
      PRESENCE_GRACE_MS: '0',
      PRESENCE_SHARDS: '4',
      PRESENCE_FLUSH_MS: '50',
      PRESENCE_SWEEP_MS: '50',
      DRAIN_MS: '0',
      // Most tests have noise for audio; those that have speech say so.
      VOICE_FFMPEG: 'off',
      ...extra,
    }
    this.redis = new Redis(redisUrl)
    this.#mongo = new MongoClient(mongoUri)
  }

  get db(): Db {
    return this.#mongo.db()
  }

  url(node: number): string {
    const gateway = this.gateways[node]
    if (!gateway) throw new RangeError(`no node ${node}`)
    return `http://127.0.0.1:${gateway.port}`
  }

  /** @param env on top of the cluster's */
  async addGateway(env: Record<string, string> = {}): Promise<Gateway> {
    const config = loadConfig({ ...this.env, NODE_ID: `gateway-${this.gateways.length}`, ...env })
    const log = createLogger({ level: config.LOG_LEVEL, role: 'gateway', nodeId: config.NODE_ID })
    const gateway = await startGateway(config, log)
    this.gateways.push(gateway)
    return gateway
  }

  async addWorker(): Promise<WorkerProcess> {
    const config = loadConfig({ ...this.env, NODE_ID: `worker-${this.workers.length}` })
    const log = createLogger({ level: config.LOG_LEVEL, role: 'worker', nodeId: config.NODE_ID })
    const worker = await startWorker(config, log)
    this.workers.push(worker)
    return worker
  }

  /** A gateway or worker as a process of its own, to be killed. @param env on top of the cluster's */
  async addProcess(role: 'gateway' | 'worker', env: Record<string, string> = {}): Promise<ServiceProcess> {
    const NODE_ID = `${role}-process-${this.processes.length}`
    const process = await ServiceProcess.start(role, { ...this.env, NODE_ID, ...env })
    this.processes.push(process)
    return process
  }

  /** A user with one connected device on a node. */
  async connect(userId: string, node = 0): Promise<TestClient> {
    return this.connectAt(this.url(node), userId)
  }

  /** The same, on a node that is a process of its own. */
  async connectTo(process: ServiceProcess, userId: string): Promise<TestClient> {
    return this.connectAt(`http://127.0.0.1:${process.port}`, userId)
  }

  /** The same, on the way that the address says. */
  async connectAt(url: string, userId: string): Promise<TestClient> {
    const client = new TestClient(url, userId, await mintToken(secret, userId))
    this.clients.push(client)
    await client.connected()
    return client
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.socket.disconnect()
    await Promise.all(this.gateways.map((gateway) => gateway.close()))
    await Promise.all(this.workers.map((worker) => worker.close()))
    await Promise.all(this.processes.map((process) => process.kill()))
    await this.db.dropDatabase()
    await this.#mongo.close()
    const keys = await this.redis.keys(`*${this.prefix}*`)
    await Promise.all(keys.map((key) => this.redis.del(key)))
    this.redis.disconnect()
  }
}

export async function startCluster(
  t: Test,
  { nodes = 2, workers = 1, env, ...servers }: ClusterOptions = {},
): Promise<Cluster> {
  const cluster = new Cluster(env, servers)
  t.teardown(() => cluster.close())
  for (let i = 0; i < nodes; i++) await cluster.addGateway()
  for (let i = 0; i < workers; i++) await cluster.addWorker()
  return cluster
}

function required(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: run the tests by make test`)
  return value
}
