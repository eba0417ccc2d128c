import { execFileSync } from 'node:child_process'

/** More than one machine with a cluster on it serves. */
const MOST = 50_000
/** Where the shell says "unlimited" the system has a limit of its own. */
const WHEN_UNKNOWN = 10_000

/**
 * How many clients a proxy may take at once: each costs it two open files, one on either side, and it does not start
 * with a number that its limit cannot hold. A tenth is left for its own use.
 */
export function connectionLimit(): number {
  const limit = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }))
  return Number.isFinite(limit) ? Math.min(MOST, Math.floor(limit * 0.45)) : WHEN_UNKNOWN
}
