import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { hasCode } from './failure.ts'

const LISTENING = '0A'

/** Who listens on a port, as "node (pid 123)"; undefined when this user may not know or it takes an effort. */
export function portHolder(port: number): string | undefined {
  const pid = process.platform === 'linux' ? holderOnLinux(port) : holderByLsof(port)
  return pid === undefined ? undefined : `${nameOf(pid)} (pid ${pid})`
}

function holderOnLinux(port: number): number | undefined {
  const inodes = new Set([
    ...listeningInodes('/proc/net/tcp', port),
    ...listeningInodes('/proc/net/tcp6', port),
  ])
  if (inodes.size === 0) return undefined
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => holdsOneOf(pid, inodes))
}

function listeningInodes(table: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  return readOr(table)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hexPort}`) && fields[3] === LISTENING)
    .map((fields) => `socket:[${fields[9]}]`)
}

function holdsOneOf(pid: number, inodes: Set<string>): boolean {
  const folder = `/proc/${pid}/fd`
  try {
    return readdirSync(folder).some((fd) => inodes.has(readlinkSync(`${folder}/${fd}`)))
  } catch (error) {
    // Another user's process, or one that ended while we looked.
    if (hasCode(error, 'EACCES', 'ENOENT', 'ESRCH', 'EPERM')) return false
    throw error
  }
}

function holderByLsof(port: number): number | undefined {
  try {
    const pids = execFileSync('lsof', ['-nP', '-t', `-iTCP:${port}`, '-sTCP:LISTEN'], { encoding: 'utf8' })
    return Number(pids.split('\n')[0]) || undefined
  } catch {
    // No lsof, or it found nobody: the name is a courtesy.
    return undefined
  }
}

function nameOf(pid: number): string {
  if (process.platform === 'linux') return readOr(`/proc/${pid}/comm`).trim() || 'a process'
  return 'a process'
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EACCES', 'ESRCH')) return ''
    throw error
  }
}
