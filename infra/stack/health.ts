import { acceptsTcp, answersMongoHello, answersOk, answersRedisPing, httpStatus } from '../servers/probes.ts'
import { withoutCredentials } from '../settings.ts'
import { isAlive } from '../system/identity.ts'
import type { ProcessEntry, ServerEntry, StackState } from './state-file.ts'

export interface Health {
  role: string
  /** `ok`, or in a few words what is wrong. */
  health: string
  pid: number | null
  port: number | null
  uptimeSeconds: number | null
  restarts: number
  log: string | null
}

/** Asks every process of the cluster, and every server given from outside, how it is. */
export async function healthOf(state: StackState): Promise<Health[]> {
  const own = state.processes.map(async (entry) => ({
    ...describe(entry),
    health: await healthOfProcess(entry, state),
  }))
  const given = state.servers.filter(({ external }) => external !== undefined)
  const external = given.map(async (entry) => ({
    ...NOT_OURS,
    role: entry.what,
    health: await healthOfGiven(entry, state),
  }))
  return Promise.all([...own, ...external])
}

const NOT_OURS = { pid: null, port: null, uptimeSeconds: null, restarts: 0, log: null }

function describe(entry: ProcessEntry) {
  const alive = isAlive(entry)
  return {
    role: entry.role,
    pid: alive ? entry.pid : null,
    port: entry.port ?? null,
    uptimeSeconds: alive ? Math.round((Date.now() - entry.startedAtMs) / 1000) : null,
    restarts: entry.restarts,
    log: entry.log ?? null,
  }
}

async function healthOfProcess(entry: ProcessEntry, state: StackState): Promise<string> {
  if (entry.state === 'restarting' && !isAlive(entry)) return 'down, restarting'
  if (!isAlive(entry)) return 'down'
  const { role, port } = entry
  // Only FerretDB can reach its PostgreSQL: how that is shows in `mongo`.
  if (port === undefined) return 'ok'
  if (role === 'redis') return (await answersRedisPing(port)) ? 'ok' : 'no answer to PING'
  if (role === 'mongo') return (await answersMongoHello(port)) ? 'ok' : 'no answer to hello'
  if (role === 'balancer')
    return (await answersOk(`${state.url}/readyz`)) ? 'ok' : 'no ready gateway behind it'
  const status = await httpStatus(`http://127.0.0.1:${port}/readyz`)
  if (status === 200) return 'ok'
  return status === undefined ? 'no answer from /readyz' : `not ready (${status})`
}

async function healthOfGiven({ external }: ServerEntry, state: StackState): Promise<string> {
  const url = external && state[external]
  if (!url) return 'no address'
  const address = /^[a-z]+:\/\/(?:[^@/]*@)?([^:/,?]+):(\d+)/.exec(url)
  if (address === null) return `not checked: ${withoutCredentials(url)}`
  const [, host, port] = address
  return (await acceptsTcp(Number(port), host)) ? 'ok' : 'refuses connections'
}
