/** The part of what k6 gives to `handleSummary` that is read here. */
export interface SummaryData {
  metrics: Record<string, SummaryMetric>
  state: { testRunDurationMs: number }
}

export interface SummaryMetric {
  type: 'counter' | 'trend' | 'rate' | 'gauge'
  /** `time`: milliseconds. */
  contains?: string
  values: Record<string, number>
  thresholds?: Record<string, { ok: boolean }>
}

export interface ThresholdVerdict {
  metric: string
  /** As k6 takes it: `count==0`. */
  expression: string
  ok: boolean
  /** What the metric is, in the expression's own measure; null when nothing was measured. */
  value: number | null
}

/**
 * `invalid`: k6 or its machine was held up, and only figures that suffer from that do not hold. Of these such a run says
 * nothing, neither good nor bad, of the server.
 */
export type Outcome = 'passed' | 'failed' | 'invalid'

/** What is wanted of the servers' processes, which k6 does not see. */
export interface ServerThresholds {
  /**
   * Most times that the memory of a gateway or worker may grow: the least that it held in the run's last fifth, to the least
   * in its second.
   */
  memoryGrowth?: number
}

export interface Verdict {
  scenario: string
  outcome: Outcome
  /** What may have held the run up, in sentences; none: nothing is known to have. */
  heldUp: string[]
  durationSeconds: number
  settings: Record<string, number | string>
  thresholds: ThresholdVerdict[]
  metrics: Record<string, Record<string, number>>
  /** What only this scenario has to say. */
  says: string[]
  servers: ServerThresholds
}

export interface Judged {
  scenario: string
  settings?: Record<string, number | string>
  says?: string[]
  servers?: ServerThresholds
}

/** Longer than that, and the answer to a ping may come too late: milliseconds, half of the usual ping timeout. */
const lagMostMs = 5_000
/** Wrong is wrong, however slow the machine. */
const ofContent = new Set([
  'lost',
  'doubled',
  'reordered',
  'leaked',
  'altered',
  'misnumbered',
  'presence_errors',
  'audio_wrong',
])

/** What a run comes to whose figures are these. Pure. */
export function outcomeOf(thresholds: readonly ThresholdVerdict[], heldUp: readonly string[]): Outcome {
  const broken = thresholds.filter(({ ok }) => !ok)
  if (broken.length === 0) return 'passed'
  return heldUp.length > 0 && !broken.some(({ metric }) => ofContent.has(metric)) ? 'invalid' : 'failed'
}

/** What a run's figures mean. Pure. */
export function verdictOf(judged: Judged, { metrics, state }: SummaryData): Verdict {
  const thresholds = Object.entries(metrics).flatMap(([metric, { thresholds = {}, values }]) =>
    Object.entries(thresholds).map(([expression, { ok }]) => ({
      metric,
      expression,
      ok,
      value: valueFor(expression, values),
    })),
  )
  const lagMs = metrics.k6_lag?.values.max ?? 0
  const heldUp = lagMs > lagMostMs ? [`k6 itself was held up for ${(lagMs / 1_000).toFixed(1)} s.`] : []
  return {
    scenario: judged.scenario,
    outcome: outcomeOf(thresholds, heldUp),
    heldUp,
    durationSeconds: Math.round(state.testRunDurationMs / 100) / 10,
    settings: judged.settings ?? {},
    thresholds,
    metrics: Object.fromEntries(Object.entries(metrics).map(([name, { values }]) => [name, values])),
    says: judged.says ?? [],
    servers: judged.servers ?? {},
  }
}

/** "lost count==0 (it is 2)" */
export function brokenText({ metric, expression, value }: ThresholdVerdict): string {
  const shown = value === null ? 'not measured' : String(Math.round(value * 1_000) / 1_000)
  return `${metric} ${expression} (it is ${shown})`
}

function valueFor(expression: string, values: Record<string, number>): number | null {
  const name = expression.split(/[=<>!]/)[0]?.trim() ?? ''
  return values[name] ?? null
}
