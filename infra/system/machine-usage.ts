import { readFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'

/** CPU time that all cores have spent since the machine was started, milliseconds. */
export interface MachineUsage {
  /** Working, for whomever. */
  busyMs: number
  /** Wanted, and given to another virtual machine by the host. */
  stolenMs: number
}

/** Linux counts in hundredths of a second, whatever its own clock does. */
const tickMs = 10

/** Undefined where it cannot be told: not on Linux, or with only some of the machine's cores to run on. */
export function machineUsage(): MachineUsage | undefined {
  if (process.platform !== 'linux' || availableParallelism() !== cpus().length) return undefined
  return parseStat(readFileSync('/proc/stat', 'utf8'))
}

/** The first line of `/proc/stat` (man 5 proc): user nice system idle iowait irq softirq steal … */
export function parseStat(text: string): MachineUsage {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (text.split('\n')[0] ?? '')
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return { busyMs: (user + nice + system + irq + softirq) * tickMs, stolenMs: steal * tickMs }
}
