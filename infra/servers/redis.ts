import { mkdirSync } from 'node:fs'
import { silent } from '../report/reporter.ts'
import { freePort } from '../system/ports.ts'
import { removeTempDir, tempDir } from '../system/temp-dir.ts'
import { removeContainer, runInContainer } from '../tools/container.ts'
import { provideRedis, type RedisTool } from '../tools/redis.ts'
import { Daemon, type Surroundings } from './daemon.ts'
import { answersRedisPing } from './probes.ts'
import { type Server, serverOf, startAll } from './server.ts'

export interface RedisOptions extends Partial<Surroundings> {
  role?: string
  /** A free one unless given. */
  port?: number
  /** Throwaway unless given. */
  dataDir?: string
  /** More directives for redis-server: ['--maxmemory', '64mb']. */
  args?: readonly string[]
}

/**
 * A Redis that keeps what it acknowledged: append-only file, and an error instead of an eviction when memory is full,
 * since queues and presence live in it.
 */
export async function startRedis(options: RedisOptions = {}): Promise<Server> {
  const surroundings = { ...options, reporter: options.reporter ?? silent }
  const ownDir = options.dataDir === undefined ? tempDir('redis') : undefined
  const dataDir = options.dataDir ?? ownDir ?? ''
  mkdirSync(dataDir, { recursive: true })
  const tool = await provideRedis({ ...surroundings, logDir: options.logDir ?? dataDir })
  const port = options.port ?? (await freePort())
  const daemon = new Daemon(
    {
      role: options.role ?? 'redis',
      port,
      launch: () => command(tool, port, dataDir, options.args ?? []),
      ready: () => answersRedisPing(port),
    },
    surroundings,
  )
  await startAll([daemon])
  const cleanUp = () => {
    if (ownDir) removeTempDir(ownDir)
  }
  return serverOf([daemon], { url: `redis://127.0.0.1:${port}`, port, cleanUp })
}

const DURABLE = [
  '--appendonly',
  'yes',
  '--appendfsync',
  'everysec',
  '--save',
  '',
  '--maxmemory-policy',
  'noeviction',
]

function command(tool: RedisTool, port: number, dataDir: string, args: readonly string[]) {
  if (tool.kind === 'program') {
    const where = ['--bind', '127.0.0.1', '--port', String(port), '--dir', dataDir]
    return { command: tool.command, args: [...where, ...DURABLE, ...args] }
  }
  const name = `earshot-redis-${port}`
  removeContainer(tool.engine, name)
  return runInContainer(tool.engine, {
    image: tool.image,
    name,
    port,
    containerPort: 6379,
    dataDir,
    dataMount: '/data',
    args: ['redis-server', '--protected-mode', 'no', ...DURABLE, ...args],
  })
}
