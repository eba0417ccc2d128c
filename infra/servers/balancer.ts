import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BalancerTool, provideBalancer } from '../tools/balancer.ts'
import { Daemon, type Surroundings } from './daemon.ts'
import { connectionLimit } from './open-files.ts'
import { answersOk } from './probes.ts'

export interface BalancerOptions {
  host: string
  port: number
  /** Where the generated configuration goes. */
  runDir: string
  gateways: readonly { id: string; port: number }[]
  surroundings: Surroundings
}

export interface Balancer {
  daemon: Daemon
  /** The signal after which it takes no new connections and ends with the last one it has. */
  softStop: NodeJS.Signals
}

const FOLDER = join(import.meta.dirname, '..', 'haproxy')
const TEMPLATES = { haproxy: 'haproxy.cfg', nginx: 'nginx.conf' }

/** HAProxy in front of the gateways, or nginx where there is no HAProxy. */
export async function planBalancer(options: BalancerOptions): Promise<Balancer> {
  const { surroundings, runDir, port, host } = options
  const tool = await provideBalancer({ ...surroundings, logDir: surroundings.logDir ?? runDir })
  mkdirSync(runDir, { recursive: true })
  const config = writeConfig(tool, options)
  const daemon = new Daemon(
    {
      role: 'balancer',
      port,
      // HAProxy tells each change of a gateway once a backend; one of them is enough.
      shown: (line) => line.startsWith('Server websockets/'),
      launch: () => ({ command: tool.command, args: argsOf(tool, config, runDir) }),
      ready: () => answersOk(`http://${reachable(host)}:${port}/readyz`),
    },
    surroundings,
  )
  return { daemon, softStop: tool.kind === 'haproxy' ? 'SIGUSR1' : 'SIGQUIT' }
}

/** An address of this machine under which a server that listens on `host` is reached. */
export function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

function writeConfig({ kind }: BalancerTool, options: BalancerOptions): string {
  const { host, port, gateways, runDir } = options
  const values: Record<string, string> = {
    address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    maxConnections: String(connectionLimit()),
    folder: runDir,
    servers: gateways.map((gateway) => serverLine(kind, gateway)).join('\n'),
    trackedServers: gateways
      .map(({ id, port }) => `  server ${id} 127.0.0.1:${port} track websockets/${id}`)
      .join('\n'),
    stickyServers: gateways
      .map(({ id, port }) => `  server ${id} 127.0.0.1:${port} cookie ${id} track websockets/${id}`)
      .join('\n'),
  }
  const template = readFileSync(join(FOLDER, TEMPLATES[kind]), 'utf8')
  const path = join(runDir, TEMPLATES[kind])
  writeFileSync(
    path,
    template.replace(/\{\{(\w+)\}\}/g, (_all, name: string) => values[name] ?? ''),
  )
  return path
}

function serverLine(kind: BalancerTool['kind'], { id, port }: { id: string; port: number }): string {
  const address = `127.0.0.1:${port}`
  return kind === 'haproxy'
    ? `  server ${id} ${address} check`
    : `    server ${address} max_fails=1 fail_timeout=1s;`
}

function argsOf({ kind }: BalancerTool, config: string, runDir: string): string[] {
  return kind === 'haproxy' ? ['-db', '-f', config] : ['-p', runDir, '-c', config, '-e', 'stderr']
}
