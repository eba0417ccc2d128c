import { table } from './table.ts'

/** The part of what k6 gives to `handleSummary` that is read here. */
export interface SummaryData {
  metrics: Record<string, SummaryMetric>
  state: { testRunDurationMs: number }
}

export interface SummaryMetric {
  type: 'counter' | 'trend' | 'rate' | 'gauge'
  values: Record<string, number>
  thresholds?: Record<string, { ok: boolean }>
}

export interface Verdict {
  scenario: string
  passed: boolean
  durationSeconds: number
  /** Expressions that do not hold, by metric. */
  broken: string[]
  metrics: Record<string, Record<string, number>>
}

/** k6's own figures that say something here. */
const ofK6 = ['http_req_duration', 'http_req_failed']

export function verdictOf(scenario: string, { metrics, state }: SummaryData): Verdict {
  const broken = Object.entries(metrics).flatMap(([name, { thresholds, values }]) =>
    Object.entries(thresholds ?? {})
      .filter(([, { ok }]) => !ok)
      .map(([expression]) => `${name} ${expression} (it is ${shownValue(expression, values)})`),
  )
  return {
    scenario,
    passed: broken.length === 0,
    durationSeconds: Math.round(state.testRunDurationMs / 100) / 10,
    broken,
    metrics: Object.fromEntries(Object.entries(metrics).map(([name, { values }]) => [name, values])),
  }
}

/** A short table for people. */
export function summaryText(verdict: Verdict, { metrics }: SummaryData): string {
  const own = Object.entries(metrics).filter(([name]) => ofK6.includes(name) || !isOfK6(name))
  const counts = own
    .filter(([, { type }]) => type !== 'trend')
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, metric]) => [name, countOf(metric), mark(metric)])
  const times = own
    .filter(([, { type, values }]) => type === 'trend' && (values.count ?? 0) > 0)
    .map(([name, { values: v }]) => [
      name,
      ...[v.med, v['p(95)'], v['p(99)'], v.max].map(milliseconds),
      String(v.count ?? ''),
    ])
  const head = `${verdict.scenario}: ${verdict.passed ? 'PASSED' : 'FAILED'} in ${verdict.durationSeconds} s`
  const parts = [head, table(counts)]
  if (times.length > 0) parts.push(table([['milliseconds', 'p50', 'p95', 'p99', 'max', 'count'], ...times]))
  if (verdict.broken.length > 0)
    parts.push(`Does not hold:\n${verdict.broken.map((one) => `  ${one}`).join('\n')}`)
  return `\n${parts.join('\n\n')}\n\n`
}

function isOfK6(name: string): boolean {
  return /^(http_|ws_|data_|iteration|vus$|vus_max$|group_duration|checks$|dropped_)/.test(name)
}

function countOf({ type, values }: SummaryMetric): string {
  if (type === 'rate') return `${((values.rate ?? 0) * 100).toFixed(1)} %`
  return String(values.count ?? values.value ?? 0)
}

function mark({ thresholds }: SummaryMetric): string {
  const all = Object.entries(thresholds ?? {})
  return all.map(([expression, { ok }]) => `${ok ? 'ok' : 'NOT'} ${expression}`).join(', ')
}

function shownValue(expression: string, values: Record<string, number>): string {
  const name = expression.split(/[=<>!]/)[0]?.trim() ?? ''
  const value = values[name]
  return value === undefined ? 'not measured' : String(Math.round(value * 1_000) / 1_000)
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '' : value < 10 ? value.toFixed(1) : String(Math.round(value))
}
