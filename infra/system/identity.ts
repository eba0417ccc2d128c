import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { hasCode } from './failure.ts'

/**
 * A process that cannot be mistaken for another: the system hands out a pid again, but not together with the moment
 * at which it started. Nothing here signals a process on the strength of a pid alone.
 */
export interface ProcessIdentity {
  readonly pid: number
  /** Opaque; compared, never computed with. */
  readonly started: string
}

/** What identifies the process that has this pid now, or undefined when none has (a zombie counts as none). */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const started = process.platform === 'linux' ? startedOnLinux(pid) : startedByPs(pid)
  return started === undefined ? undefined : { pid, started }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.started === identity.started
}

/**
 * Signals the process, and what it started in its own process group too when `group` is set. False when it is gone.
 */
export function signalProcess(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
  { group = false }: { group?: boolean } = {},
): boolean {
  if (!isAlive(identity)) return false
  try {
    process.kill(group ? -identity.pid : identity.pid, signal)
    return true
  } catch (error) {
    if (hasCode(error, 'ESRCH', 'EPERM')) return false
    throw error
  }
}

let bootId: string | undefined

function startedOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold spaces and parentheses itself: count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    // Ticks count from the boot, and a state file outlives a reboot.
    bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${bootId}:${fields[19]}`
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return undefined
    throw error
  }
}

function startedByPs(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '')
  } catch {
    // ps exits with 1 when there is no such process.
    return undefined
  }
}
