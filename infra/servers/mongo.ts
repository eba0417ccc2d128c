import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { silent } from '../report/reporter.ts'
import { freePort } from '../system/ports.ts'
import { removeTempDir, tempDir } from '../system/temp-dir.ts'
import { type ContainerEngine, removeContainer, runInContainer } from '../tools/container.ts'
import { type MongoTool, provideMongo } from '../tools/mongo.ts'
import { Daemon, type Surroundings } from './daemon.ts'
import { postgresDaemon } from './postgres.ts'
import { answersMongoHello } from './probes.ts'
import { type Server, serverOf, startAll } from './server.ts'

export interface MongoOptions extends Partial<Surroundings> {
  /** A free one unless given. */
  port?: number
  /** Throwaway unless given, and then not made safe against a power cut, for speed. */
  dataDir?: string
}

export interface MongoServer extends Server {
  /** Where the data really is: PostgreSQL's user may not be able to enter the folder asked for. */
  readonly dataDir: string
}

/** Whatever speaks MongoDB's wire protocol here: mongod itself, or FerretDB over PostgreSQL or SQLite. */
export async function startMongo(options: MongoOptions = {}): Promise<MongoServer> {
  const surroundings = { ...options, reporter: options.reporter ?? silent }
  const ownDir = options.dataDir === undefined ? tempDir('mongo') : undefined
  const dataDir = options.dataDir ?? ownDir ?? ''
  mkdirSync(dataDir, { recursive: true })
  const tool = await provideMongo({ ...surroundings, logDir: options.logDir ?? dataDir })
  const port = options.port ?? (await freePort())
  const plan = { port, dataDir, durable: ownDir === undefined, surroundings }
  const made = tool.kind === 'ferretdb' ? await ferretdb(tool, plan) : mongod(tool, plan)
  await startAll(made.daemons)
  const cleanUp = () => {
    made.cleanUp?.()
    if (ownDir) removeTempDir(ownDir)
  }
  const server = serverOf(made.daemons, { url: `mongodb://127.0.0.1:${port}`, port, cleanUp })
  return Object.assign(server, { dataDir: made.dataDir })
}

interface Plan {
  port: number
  dataDir: string
  durable: boolean
  surroundings: Surroundings
}

interface Made {
  daemons: Daemon[]
  dataDir: string
  cleanUp?: () => void
}

/**
 * FerretDB 1.24 takes a connection for each update of a bulk write, and a second one to run it: too small a pool does not
 * wait, it locks up for good. They are opened as needed. PostgreSQL gets a few more, for people with psql.
 */
const POOL_SIZE = 600

/**
 * How much garbage, in percent of what is in use, Go gathers before it collects: its 100 is for large heaps, FerretDB's is small. Inserts of 20
 * documents and more take a third to a half less of FerretDB's CPU time so, updates a sixth to a third of its and PostgreSQL's.
 */
const GARBAGE_PERCENT = '400'

async function ferretdb(tool: MongoTool & { kind: 'ferretdb' }, plan: Plan): Promise<Made> {
  const { port, surroundings, durable } = plan
  const postgres =
    tool.postgres &&
    (await postgresDaemon(tool.postgres, {
      dataDir: join(plan.dataDir, 'postgres'),
      maxConnections: POOL_SIZE + 20,
      durable,
      surroundings,
    }))
  const sqliteDir = join(plan.dataDir, 'sqlite')
  if (!postgres) mkdirSync(sqliteDir, { recursive: true })
  const store = postgres
    ? ['-handler', 'postgresql', '-url', `${postgres.url}&pool_max_conns=${POOL_SIZE}`]
    : ['-handler', 'sqlite', '-url', `file:${sqliteDir}/`]
  const daemon = new Daemon(
    {
      role: 'mongo',
      port,
      launch: () => ({
        command: tool.command,
        args: ['-listen', `127.0.0.1:${port}`, ...store],
        env: { GOGC: GARBAGE_PERCENT, ...process.env },
      }),
      ready: () => answersMongoHello(port),
    },
    surroundings,
  )
  return postgres
    ? { daemons: [postgres.daemon, daemon], dataDir: postgres.dataDir, cleanUp: postgres.cleanUp }
    : { daemons: [daemon], dataDir: sqliteDir }
}

function mongod(tool: MongoTool & { kind: 'mongod' | 'container' }, plan: Plan): Made {
  const { port, surroundings } = plan
  const dataDir = join(plan.dataDir, 'mongod')
  mkdirSync(dataDir, { recursive: true })
  const launch = () =>
    tool.kind === 'mongod'
      ? {
          command: tool.command,
          args: ['--bind_ip', '127.0.0.1', '--port', String(port), '--dbpath', dataDir],
        }
      : containerCommand(tool.engine, tool.image, port, dataDir)
  const ready = () => answersMongoHello(port)
  const daemon = new Daemon({ role: 'mongo', port, launch, ready, readyWithinMs: 120_000 }, surroundings)
  return { daemons: [daemon], dataDir }
}

function containerCommand(engine: ContainerEngine, image: string, port: number, dataDir: string) {
  const name = `earshot-mongo-${port}`
  removeContainer(engine, name)
  return runInContainer(engine, {
    image,
    name,
    port,
    containerPort: 27017,
    dataDir,
    dataMount: '/data/db',
    args: [],
  })
}
