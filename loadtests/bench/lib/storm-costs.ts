import type { Storm, Used } from './login-storm.ts'
import { type CpuTimes, parts } from './servers.ts'

/** What a storm cost, without what a cluster uses anyway while all are there. */
export interface StormCost {
  /** Microseconds of CPU time. */
  cpu: CpuTimes
  cpuUs: number
  redisBytes: number
}

/**
 * For each of some clusters what each of its storms cost. What they use anyway is one rate for all of them, the mean: each one's own,
 * measured for a few seconds, is off by more than the difference of two that is asked for; and what one of them uses beyond the mean by
 * what is measured stays in its costs. Pure.
 */
export function costsOf(clusters: readonly (readonly Storm[])[]): StormCost[][] {
  const rests = clusters.flat().map(({ after }) => after)
  const ms = rests.reduce((sum, rest) => sum + rest.ms, 0)
  const perMs = (of: (used: Used) => number) => rests.reduce((sum, rest) => sum + of(rest), 0) / ms
  return clusters.map((storms) =>
    storms.map(({ used }) => {
      const own = (of: (some: Used) => number) => of(used) - perMs(of) * used.ms
      const cpu = Object.fromEntries(parts.map((part) => [part, own((some) => some.cpu[part])])) as CpuTimes
      return {
        cpu,
        cpuUs: parts.reduce((sum, part) => sum + cpu[part], 0),
        redisBytes: own((some) => some.redisBytes),
      }
    }),
  )
}
