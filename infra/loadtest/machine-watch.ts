import { availableParallelism } from 'node:os'
import type { ProcessSeries } from '../../loadtests/report/report.ts'
import { type MachineUsage, machineUsage } from '../system/machine-usage.ts'

/** What happened between two looks, milliseconds. */
interface Span {
  ms: number
  /** CPU time that others had. */
  takenMs: number
}

export interface MachineWatchOptions {
  /** Whether all processes of the cluster are known: else what others use may be the cluster's. */
  knowsCluster: boolean
  usage?: () => MachineUsage | undefined
  cores?: number
}

/** A look that is so much later than it should be says that the machine stood still. */
const stillMs = 3_000
/** Others had so much of all cores over so long: what takes time then may take it for their sake. */
const takenShare = 0.4
const windowMs = 10_000

/** Who else had the machine while a run went on: what is slow then need not be the cluster's doing. */
export class MachineWatch {
  /** CPU that other programs, and the host's other machines, have had. */
  readonly others: ProcessSeries = { timesMs: [], cpuPercent: [], memoryBytes: [], cpuSeconds: 0 }
  readonly #knowsCluster: boolean
  readonly #usage: () => MachineUsage | undefined
  readonly #cores: number
  readonly #spans: Span[] = []
  #last: { atMs: number; usage: MachineUsage | undefined } | undefined

  constructor({ knowsCluster, usage = machineUsage, cores = availableParallelism() }: MachineWatchOptions) {
    this.#knowsCluster = knowsCluster
    this.#usage = usage
    this.#cores = cores
  }

  /**
   * To be called at each look at the processes.
   * @param ownMs CPU time that the run's own processes have used since the look before
   */
  look(atMs: number, ownMs: number): void {
    const before = this.#last
    const usage = this.#usage()
    this.#last = { atMs, usage }
    if (!before) return
    const ms = Math.max(1, atMs - before.atMs)
    let takenMs = 0
    if (usage && before.usage) {
      takenMs = usage.stolenMs - before.usage.stolenMs
      if (this.#knowsCluster) takenMs += Math.max(0, usage.busyMs - before.usage.busyMs - ownMs)
      this.others.timesMs.push(atMs)
      this.others.cpuPercent.push(Math.round((takenMs / ms) * 1_000) / 10)
      this.others.cpuSeconds = Math.round(this.others.cpuSeconds * 1_000 + takenMs) / 1_000
    }
    this.#spans.push({ ms, takenMs })
  }

  /** What may have held the run up, in sentences. @param everyMs between two looks */
  heldUp(everyMs: number): string[] {
    const said: string[] = []
    const still = Math.max(0, ...this.#spans.map(({ ms }) => ms - everyMs))
    if (still >= stillMs) said.push(`The machine stood still for ${(still / 1_000).toFixed(1)} s.`)
    const share = this.#mostTaken()
    if (share >= takenShare)
      said.push(`Other programs had ${Math.round(share * 100)} % of the machine's cores for ten seconds.`)
    return said
  }

  /** The highest share of all cores that others had over a window. */
  #mostTaken(): number {
    let most = 0
    let from = 0
    let [ms, takenMs] = [0, 0]
    for (const span of this.#spans) {
      ms += span.ms
      takenMs += span.takenMs
      for (let first = this.#spans[from]; first && ms - first.ms >= windowMs; first = this.#spans[++from]) {
        ms -= first.ms
        takenMs -= first.takenMs
      }
      if (ms >= windowMs) most = Math.max(most, takenMs / ms / this.#cores)
    }
    return most
  }
}
