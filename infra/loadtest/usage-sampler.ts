import { othersRole, type ProcessSeries } from '../../loadtests/report/report.ts'
import { usageOf } from '../system/process-usage.ts'
import { MachineWatch, type MachineWatchOptions } from './machine-watch.ts'

/** A process that is watched; one that was started again has another pid. */
export interface Watched {
  role: string
  pid: number
}

interface Look {
  pid: number
  atMs: number
  cpuMs: number
}

const everyMs = 1_000

/** Looks at processes, and at what else their machine does, once a second. */
export class UsageSampler {
  readonly #processes: () => readonly Watched[]
  readonly #machine: MachineWatch
  readonly #series: Record<string, ProcessSeries> = {}
  readonly #last = new Map<string, Look>()
  #timer: NodeJS.Timeout | undefined
  #ownUs = 0

  /** @param processes asked at each look */
  constructor(processes: () => readonly Watched[], machine: MachineWatchOptions = { knowsCluster: false }) {
    this.#processes = processes
    this.#machine = new MachineWatch(machine)
  }

  start(): void {
    this.look()
    this.#timer = setInterval(() => this.look(), everyMs)
  }

  /** Ends the looks and gives what they found, by role. */
  stop(): Record<string, ProcessSeries> {
    clearInterval(this.#timer)
    this.look()
    const { others } = this.#machine
    return others.timesMs.length > 0 ? { ...this.#series, [othersRole]: others } : this.#series
  }

  /** What may have held the run up, in sentences. */
  heldUp(): string[] {
    return this.#machine.heldUp(everyMs)
  }

  look(): void {
    const processes = this.#processes()
    const usages = usageOf(processes.map(({ pid }) => pid))
    const atMs = Date.now()
    let ownMs = this.#ownMs()
    for (const { role, pid } of processes) {
      const usage = usages.get(pid)
      if (!usage) continue
      const before = this.#last.get(role)
      this.#last.set(role, { pid, atMs, cpuMs: usage.cpuMs })
      // The first look only says where it begins; one that came since has used all of it since.
      if (!before) continue
      const usedMs = usage.cpuMs - (before.pid === pid ? before.cpuMs : 0)
      ownMs += usedMs
      const series = this.#seriesOf(role)
      series.timesMs.push(atMs)
      series.cpuPercent.push(Math.round((usedMs / Math.max(1, atMs - before.atMs)) * 1_000) / 10)
      series.memoryBytes.push(usage.memoryBytes)
      series.cpuSeconds = Math.round((series.cpuSeconds + usedMs / 1_000) * 1_000) / 1_000
    }
    this.#machine.look(atMs, ownMs)
  }

  /** What this process itself has used since the look before. */
  #ownMs(): number {
    const { user, system } = process.cpuUsage()
    const before = this.#ownUs
    this.#ownUs = user + system
    return (this.#ownUs - before) / 1_000
  }

  #seriesOf(role: string): ProcessSeries {
    const series = this.#series[role] ?? { timesMs: [], cpuPercent: [], memoryBytes: [], cpuSeconds: 0 }
    this.#series[role] = series
    return series
  }
}
