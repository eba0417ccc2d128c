import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** CPU time used so far and memory held now. */
export interface Usage {
  cpuMs: number
  memoryBytes: number
}

interface ProcessUsage extends Usage {
  pid: number
  parent: number
  /** What it does not share with others; all that it holds where that cannot be told. */
  privateBytes: number
}

/** Linux tells CPU time in hundredths of a second, whatever its own clock does. */
const tickMs = 10

/**
 * What processes use, each with all its descendants; one that has ended is absent. CPU time of a descendant that ended stays
 * with its parent (Linux). Memory of a descendant is what it does not share: PostgreSQL's processes share most.
 */
export function usageOf(pids: readonly number[]): Map<number, Usage> {
  const all = process.platform === 'linux' ? fromProc() : fromPs()
  const children = Map.groupBy(all.values(), ({ parent }) => parent)
  const below = (pid: number): ProcessUsage[] =>
    (children.get(pid) ?? []).flatMap((child) => [child, ...below(child.pid)])
  const usages = new Map<number, Usage>()
  for (const pid of pids) {
    const root = all.get(pid)
    if (!root) continue
    const others = below(pid)
    usages.set(pid, {
      cpuMs: others.reduce((sum, { cpuMs }) => sum + cpuMs, root.cpuMs),
      memoryBytes: others.reduce((sum, { privateBytes }) => sum + privateBytes, root.memoryBytes),
    })
  }
  return usages
}

function fromProc(): Map<number, ProcessUsage> {
  const all = new Map<number, ProcessUsage>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const usage = parseProc(Number(name), read(name, 'stat'), read(name, 'status'))
      all.set(usage.pid, usage)
    } catch {
      // It ended since the folder was read.
    }
  }
  return all
}

function read(pid: string, file: string): string {
  return readFileSync(`/proc/${pid}/${file}`, 'utf8')
}

/** The texts of `/proc/<pid>/stat` and `status` (man 5 proc). */
function parseProc(pid: number, stat: string, status: string): ProcessUsage {
  // The name in parentheses may hold spaces and parentheses itself: count from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // utime, stime, and the same of children that ended.
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1_024
  return {
    pid,
    parent: Number(fields[1]),
    cpuMs: ticks * tickMs,
    memoryBytes: bytes('VmRSS'),
    privateBytes: bytes('RssAnon'),
  }
}

/** For systems without `/proc`: macOS, BSD. */
export function fromPs(): Map<number, ProcessUsage> {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss=,time='], { encoding: 'utf8' })
  const all = new Map<number, ProcessUsage>()
  for (const line of text.split('\n')) {
    const [pid, parent, rss, time] = line.trim().split(/\s+/)
    if (time === undefined) continue
    const memoryBytes = Number(rss) * 1_024
    const usage = { pid: Number(pid), parent: Number(parent), cpuMs: parseTime(time), memoryBytes }
    all.set(usage.pid, { ...usage, privateBytes: memoryBytes })
  }
  return all
}

/** `[[days-]hours:]minutes:seconds[.hundredths]`, in milliseconds. */
export function parseTime(time: string): number {
  const [clock = '', days = '0'] = time.split('-').reverse()
  const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
  return Math.round((Number(days) * 86_400 + seconds) * 1_000)
}
