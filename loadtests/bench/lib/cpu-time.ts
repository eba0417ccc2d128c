import { readdirSync, readFileSync } from 'node:fs'

/** Linux tells CPU time in ticks of this length, whatever its own clock does, microseconds. */
const tickUs = 10_000

interface ProcessStat {
  parent: number
  /** Its own, and of those of its children that ended and were waited for. */
  usedUs: number
}

/** Reads the text of `/proc/<pid>/stat` (man 5 proc). Pure. */
export function parseStat(text: string): ProcessStat {
  // The name in parentheses may hold spaces and parentheses itself: count from its end.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [, parent] = fields
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return { parent: Number(parent), usedUs: ticks * tickUs }
}

/**
 * CPU time, user and system, that each group of processes with all their descendants has used so far, microseconds.
 * Exact to a tick of 10 ms a process; what one that ended has used stays with its parent.
 */
export function cpuTimes<Name extends string>(roots: Record<Name, readonly number[]>): Record<Name, number> {
  const stats = allProcesses()
  const children = Map.groupBy(stats.keys(), (pid) => stats.get(pid)?.parent)
  const ofTree = (pid: number): number =>
    (stats.get(pid)?.usedUs ?? 0) + (children.get(pid) ?? []).reduce((sum, child) => sum + ofTree(child), 0)
  const names = Object.keys(roots) as Name[]
  return Object.fromEntries(
    names.map((name) => [name, roots[name].reduce((sum, pid) => sum + ofTree(pid), 0)]),
  ) as Record<Name, number>
}

function allProcesses(): Map<number, ProcessStat> {
  const stats = new Map<number, ProcessStat>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid)) continue
    const text = statOf(pid)
    if (text !== undefined) stats.set(pid, parseStat(text))
  }
  return stats
}

function statOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    // It ended since the folder was read.
    return undefined
  }
}
