import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure } from './system/failure.ts'

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/** What a person may choose, all of it through the environment. */
export interface Settings {
  /** Everything of this clone's runs: data, logs, state. */
  stateDir: string
  /** Where the balancer listens. Loopback unless HOST says otherwise. */
  host: string
  port: number
  /** How many gateways. */
  nodes: number
  /** Servers that run elsewhere: used as given, never started or stopped. */
  redisUrl: string | undefined
  queueRedisUrl: string | undefined
  mongoUri: string | undefined
  /** The programs that are started; tests put small ones in their place. */
  gatewayEntry: string
  workerEntry: string
  /** Whether the web page is built; a cluster of other programs does without. */
  buildsWeb: boolean
}

export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  return {
    stateDir: resolve(ROOT, env.EARSHOT_STATE_DIR || '.earshot'),
    host: env.HOST || '127.0.0.1',
    port: integer(env, 'PORT', 3000, 1, 65_535),
    nodes: integer(env, 'NODES', 2, 1, 64),
    redisUrl: env.REDIS_URL || undefined,
    queueRedisUrl: env.QUEUE_REDIS_URL || undefined,
    mongoUri: env.MONGODB_URI || undefined,
    gatewayEntry: resolve(ROOT, env.EARSHOT_GATEWAY_ENTRY || 'services/gateway/src/main.ts'),
    workerEntry: resolve(ROOT, env.EARSHOT_WORKER_ENTRY || 'services/worker/src/main.ts'),
    buildsWeb: env.EARSHOT_BUILD_WEB !== 'no',
  }
}

/** @throws {Failure} naming the variable */
export function integer(
  env: NodeJS.ProcessEnv,
  name: string,
  otherwise: number,
  least: number,
  most: number,
): number {
  const text = env[name]
  if (text === undefined || text === '') return otherwise
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new Failure(`${name} is "${text}", but must be a whole number from ${least} to ${most}.`)
}

/** The files in a state folder, each named in one place. */
export function statePaths(stateDir: string) {
  return {
    data: join(stateDir, 'data'),
    logs: join(stateDir, 'logs'),
    run: join(stateDir, 'run'),
    state: join(stateDir, 'run', 'state.json'),
    jwtSecret: join(stateDir, 'jwt-secret'),
    vapidKeys: join(stateDir, 'vapid-keys.json'),
    webBuild: join(stateDir, 'web-build'),
    loadtest: join(stateDir, 'loadtest'),
  }
}

export const WEB_ROOT = join(ROOT, 'services', 'web', 'dist')
export const NODE = join(ROOT, 'node_modules', '.bin', 'node')

/** Which command shows an address to a person: without its password. */
export function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//***@')
}
