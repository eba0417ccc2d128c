import { duration, table } from '../report/table.ts'
import { type Settings, statePaths, withoutCredentials } from '../settings.ts'
import { type Health, healthOf } from '../stack/health.ts'
import { runningState, type StackState } from '../stack/state-file.ts'

const HEALTHY = 0
const UNHEALTHY = 1
const NOT_RUNNING = 3

/** `make status`: exit code 0 when all is well, 1 when something is not, 3 when nothing runs. */
export async function status(settings: Settings, args: readonly string[]): Promise<number> {
  const asJson = args.includes('--json') || Boolean(process.env.JSON)
  const print = (text: string) => process.stdout.write(`${text}\n`)
  const state = runningState(statePaths(settings.stateDir).state)
  if (state === undefined) {
    print(asJson ? JSON.stringify({ running: false }) : 'Nothing of this clone runs.')
    return NOT_RUNNING
  }
  const processes = await healthOf(state)
  const healthy = state.phase === 'ready' && processes.every(({ health }) => health === 'ok')
  print(asJson ? asJsonText(state, processes, healthy) : asTable(state, processes))
  return healthy ? HEALTHY : UNHEALTHY
}

function asTable(state: StackState, processes: readonly Health[]): string {
  const heading = ['ROLE', 'PID', 'PORT', 'HEALTH', 'UPTIME', 'RESTARTS']
  const rows = processes.map(({ role, pid, port, health, uptimeSeconds, restarts }) => [
    role,
    String(pid ?? '-'),
    String(port ?? '-'),
    health,
    uptimeSeconds === null ? '-' : duration(uptimeSeconds),
    String(restarts),
  ])
  const servers = state.servers.map(
    ({ what, chosen, cannot }) => `${`${what}:`.padEnd(10)} ${chosen}${cannot ? `. Cannot: ${cannot}` : ''}.`,
  )
  return [
    `${state.url} (${state.phase}, "${state.command}", pid ${state.owner.pid})`,
    '',
    table(heading, rows),
    '',
    ...servers,
    `${'Data:'.padEnd(10)} ${state.data.join(', ') || '-'}`,
    `${'Logs:'.padEnd(10)} ${state.logs}`,
  ].join('\n')
}

function asJsonText(state: StackState, processes: readonly Health[], healthy: boolean): string {
  const { url, port, phase, command, owner, sinceMs, servers, data, logs, jwtSecretFile } = state
  const addresses = Object.entries({
    redisUrl: state.redisUrl,
    queueRedisUrl: state.queueRedisUrl,
    mongoUri: state.mongoUri,
  }).map(([name, address]) => [name, address && withoutCredentials(address)])
  const report = {
    running: true,
    healthy,
    phase,
    url,
    port,
    supervisor: { command, pid: owner.pid, uptimeSeconds: Math.round((Date.now() - sinceMs) / 1000) },
    processes,
    servers: servers.map(({ external, ...server }) => ({ ...server, external: external !== undefined })),
    ...Object.fromEntries(addresses),
    jwtSecretFile: jwtSecretFile ?? null,
    data,
    logs,
  }
  return JSON.stringify(report, null, 2)
}
