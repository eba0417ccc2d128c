/** What a step of a rising rate says. `k6`: it was held up itself, which says nothing of the cluster. Pure. */
export type StepVerdict = 'holds' | 'breaks' | 'k6'

/** Messages a second of a step, from 0; each is so many percent above the one before. */
export function rateOfStep(first: number, percent: number, step: number): number {
  return Math.round(first * (1 + percent / 100) ** step)
}

export function verdictOfStep(step: {
  /** Milliseconds. */
  p95: number
  /** Messages without an answer at the step's end. */
  waiting: number
  /** Milliseconds that k6 was late at most. */
  lagMs: number
  perSecond: number
  /** Milliseconds that p95 must stay under. */
  latencyMs: number
}): StepVerdict {
  const { p95, waiting, lagMs, perSecond, latencyMs } = step
  // Only what is answered has a latency: a cluster that answers nothing shows in what waits.
  const isBroken = p95 >= latencyMs || waiting > (2 * perSecond * latencyMs) / 1_000
  if (!isBroken) return 'holds'
  return lagMs > latencyMs / 2 ? 'k6' : 'breaks'
}

/** The value below which a share of the values lies; 0 without values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

export function kneeText(found: {
  knee: number | undefined
  highest: number
  latencyMs: number
  isK6s: boolean
}): string {
  const { knee, highest, latencyMs, isK6s } = found
  const inTime = `with 95 of 100 messages acknowledged and delivered within ${latencyMs} ms`
  if (!knee) return `No knee: the first step did not hold ${inTime}.`
  if (knee >= highest) return `No knee up to ${highest} messages a second ${inTime}; MAX_RATE goes higher.`
  const why = isK6s ? ' k6 itself was held up there: the cluster may take more.' : ''
  return `Knee: ${knee} messages a second ${inTime}.${why}`
}
