import type { ServerThresholds, ThresholdVerdict } from '../lib/run/verdict.ts'
import type { ProcessSeries } from './report.ts'

/** Looks at a process that are enough to speak of growth. */
const leastLooks = 20

/** What a scenario wants of the servers' processes, held against what they were seen to use. Pure. */
export function serverVerdicts(
  { memoryGrowth }: ServerThresholds,
  processes: Record<string, ProcessSeries>,
): ThresholdVerdict[] {
  if (memoryGrowth === undefined) return []
  return Object.entries(processes)
    .filter(([role]) => /^(gateway|worker)-/.test(role))
    .map(([role, { memoryBytes }]) => {
      const value = growth(memoryBytes)
      const ok = value !== null && value < memoryGrowth
      return { metric: `${role} memory`, expression: `growth<${memoryGrowth}`, ok, value }
    })
}

/** Garbage comes and goes: the least that is held in a while is what stays. */
function growth(bytes: readonly number[]): number | null {
  if (bytes.length < leastLooks) return null
  const fifth = Math.floor(bytes.length / 5)
  return Math.min(...bytes.slice(-fifth)) / Math.min(...bytes.slice(fifth, 2 * fifth))
}
