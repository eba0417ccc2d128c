import { join } from 'node:path'
import type { Reporter } from '../report/reporter.ts'
import { reachable } from '../servers/balancer.ts'
import { type Cluster, startCluster } from '../servers/cluster.ts'
import type { Surroundings } from '../servers/daemon.ts'
import { startMongo } from '../servers/mongo.ts'
import { startRedis } from '../servers/redis.ts'
import { type Settings, statePaths, withoutCredentials } from '../settings.ts'
import { reservePort } from '../system/ports.ts'
import { provideBalancer } from '../tools/balancer.ts'
import { provideFfmpeg } from '../tools/ffmpeg.ts'
import { provideMongo } from '../tools/mongo.ts'
import { provideRedis } from '../tools/redis.ts'
import { jwtSecretFrom } from './jwt-secret.ts'
import { type ServerEntry, StateFile } from './state-file.ts'
import { sweepLeftovers } from './sweep.ts'
import { vapidKeysFrom } from './vapid-keys.ts'
import { buildWeb } from './web-build.ts'

export interface StackOptions {
  settings: Settings
  /** `run`, `up`, …: what `status` and the next start call it. */
  command: string
  reporter: Reporter
  signal: AbortSignal
  /** A cluster for one load test or demo: its data goes with it, and it may run beside this clone's own. */
  throwaway?: { logs: string; state: string; env: NodeJS.ProcessEnv } | undefined
}

export interface Stack {
  readonly url: string
  readonly port: number
  readonly jwtSecret: string
  readonly state: StateFile
  readonly cluster: Cluster
  readonly data: readonly string[]
  readonly logs: string
  /** Whether there are two people whom everybody may be. */
  readonly hasDemoPeople: boolean
  stop(): Promise<void>
}

const DATABASE = 'earshot'

/** Everything `make run` runs: databases, gateways, a worker and the balancer, in the order in which they need each other. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { settings, reporter, signal, throwaway } = options
  const paths = statePaths(settings.stateDir)
  const logs = throwaway?.logs ?? paths.logs
  await sweepLeftovers(paths.run, reporter)
  const { host, port } = settings
  const url = `http://${reachable(host)}:${port}`
  const state = new StateFile(throwaway?.state ?? paths.state, { command: options.command, url, port, logs })
  const surroundings: Surroundings = {
    reporter,
    logDir: logs,
    supervise: true,
    onChange: state.track,
    signal,
  }
  const box = { reporter, logDir: logs, signal }
  const undo: (() => Promise<void>)[] = [async () => state.remove()]
  const stop = async () => {
    state.update({ phase: 'stopping' })
    for (const step of undo.toReversed()) await step()
  }

  try {
    const reserved = await reservePort(port, host)
    undo.push(() => reserved.release())
    const databases = await startDatabases()
    if (settings.buildsWeb) await buildWeb(settings.stateDir, box)
    const { chosen, cannot } = await provideBalancer(box)
    tell({ what: 'Balancer', chosen, ...(cannot && { cannot }) })
    const ffmpeg = await provideVoiceTool()
    const hasDemoPeople = wantsDemoPeople(host)
    const jwtSecret = process.env.JWT_SECRET || jwtSecretFrom(paths.jwtSecret)
    if (!process.env.JWT_SECRET) state.update({ jwtSecretFile: paths.jwtSecret })
    const cluster = await reporter.step(`Starting ${settings.nodes} gateways and a worker`, () =>
      startCluster({
        ...surroundings,
        ...settings,
        ...databases.urls,
        ...(!throwaway && { runDir: paths.run }),
        jwtSecret,
        reserved,
        env: {
          ...(ffmpeg !== undefined && { VOICE_FFMPEG: ffmpeg }),
          ...(throwaway ? throwaway.env : { DEMO_PEOPLE: String(hasDemoPeople), ...pushKeys() }),
        },
      }),
    )
    undo.push(() => cluster.stop())
    state.update({ phase: 'ready' })
    return { url, port, jwtSecret, state, cluster, data: databases.data, logs, hasDemoPeople, stop }
  } catch (error) {
    await stop()
    throw error
  }

  async function startDatabases() {
    const data: string[] = []
    let { redisUrl, mongoUri } = settings
    const queueRedisUrl = settings.queueRedisUrl ?? redisUrl
    if (redisUrl) tell({ what: 'Redis', chosen: given('REDIS_URL', redisUrl), external: 'redisUrl' })
    else {
      const { chosen } = await provideRedis(box)
      const dataDir = join(paths.data, 'redis')
      const redis = await reporter.step('Starting Redis', () =>
        startRedis({ ...surroundings, ...(!throwaway && { dataDir }) }),
      )
      undo.push(() => redis.stop())
      redisUrl = redis.url
      data.push(dataDir)
      tell({ what: 'Redis', chosen })
    }
    if (settings.queueRedisUrl) {
      tell({
        what: 'Queues',
        chosen: given('QUEUE_REDIS_URL', settings.queueRedisUrl),
        external: 'queueRedisUrl',
      })
    }
    if (mongoUri) tell({ what: 'MongoDB', chosen: given('MONGODB_URI', mongoUri), external: 'mongoUri' })
    else {
      const { chosen, cannot } = await provideMongo(box)
      const dataDir = join(paths.data, 'mongo')
      const mongo = await reporter.step('Starting MongoDB', () =>
        startMongo({ ...surroundings, ...(!throwaway && { dataDir }) }),
      )
      undo.push(() => mongo.stop())
      mongoUri = `${mongo.url}/${DATABASE}`
      data.push(mongo.dataDir)
      tell({ what: 'MongoDB', chosen, ...(cannot && { cannot }) })
    }
    const urls = { redisUrl, mongoUri, queueRedisUrl: queueRedisUrl ?? redisUrl }
    state.update({ ...urls, data })
    return { urls, data }
  }

  /** So that the web page can offer push notifications, unless the environment has keys of its own. */
  function pushKeys(): NodeJS.ProcessEnv {
    return process.env.VAPID_PUBLIC_KEY ? {} : { ...vapidKeysFrom(paths.vapidKeys) }
  }

  /** The worker's ffmpeg, unless the environment says which it is. */
  async function provideVoiceTool(): Promise<string | undefined> {
    if (process.env.VOICE_FFMPEG) return undefined
    const { command, chosen, cannot } = await provideFfmpeg(box)
    tell({ what: 'ffmpeg', chosen, ...(cannot && { cannot }) })
    return command
  }

  function tell(entry: ServerEntry): void {
    state.addServer(entry)
    reporter.say(
      `${`${entry.what}:`.padEnd(10)} ${entry.chosen}${entry.cannot ? `. Cannot: ${entry.cannot}` : ''}.`,
    )
  }
}

function given(name: string, url: string): string {
  return `${withoutCredentials(url)}, as given in ${name}`
}

/** Where others can reach it, nobody may be somebody without a password, unless the environment says so. */
function wantsDemoPeople(host: string): boolean {
  const { DEMO_PEOPLE } = process.env
  return DEMO_PEOPLE ? DEMO_PEOPLE === 'true' : ['127.0.0.1', '::1', 'localhost'].includes(host)
}
