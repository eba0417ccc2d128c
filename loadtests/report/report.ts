import type { Verdict } from '../lib/run/verdict.ts'
import type { Series } from './recording.ts'

/** CPU and memory of one server process, its children included, over a run. */
export interface ProcessSeries {
  /** Milliseconds since 1970. */
  timesMs: number[]
  /** Of one core, over the time since the moment before. */
  cpuPercent: number[]
  memoryBytes: number[]
  /** Of the whole run, without what ended between two looks. */
  cpuSeconds: number
}

/** Something that was done to the cluster. */
export interface Mark {
  /** Milliseconds since 1970. */
  atMs: number
  text: string
}

export interface Machine {
  cores: number
  memoryBytes: number
  platform: string
  /** Of the last minute, before the run began: others' work. */
  loadBefore: number
}

/** Everything that is known of one run: the page, the comparison and JUnit are made of it. */
export interface Report extends Verdict {
  startedAtMs: number
  target: string
  machine: Machine
  /** By role: `gateway-1`, `redis`, `k6`; `othersRole`, of which there is no memory. */
  processes: Record<string, ProcessSeries>
  series: Series
  marks: Mark[]
}

/** All other programs of the machine on which k6 ran, and other machines of its host. */
export const othersRole = 'others'

/** The most that it held at any look, bytes. */
export function peakBytes({ memoryBytes }: ProcessSeries): number {
  return memoryBytes.reduce((a, b) => Math.max(a, b), 0)
}
