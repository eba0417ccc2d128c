import { table } from './table.ts'
import { brokenText, type Outcome, type SummaryData, type SummaryMetric, type Verdict } from './verdict.ts'

/** k6's own figures that say something here. */
const ofK6 = ['http_req_duration', 'http_req_failed']
const words: Record<Outcome, string> = { passed: 'PASSED', failed: 'FAILED', invalid: 'INVALID' }

/** A short table for people. */
export function summaryText(verdict: Verdict, { metrics }: SummaryData): string {
  // Those with tags are parts of others, made by a scenario that shows them its own way.
  const own = Object.entries(metrics).filter(
    ([name]) => ofK6.includes(name) || (!isOfK6(name) && !name.includes('{')),
  )
  const counts = own
    .filter(([, { type }]) => type !== 'trend')
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, metric]) => [name, countOf(metric), mark(metric)])
  const times = own
    .filter(([, { type, contains = 'time' }]) => type === 'trend' && contains === 'time')
    .filter(([, { values }]) => (values.count ?? 0) > 0)
    .map(([name, { values: v }]) => [
      name,
      ...[v.med, v['p(95)'], v['p(99)'], v.max].map(milliseconds),
      String(v.count ?? ''),
    ])
  const head = `${verdict.scenario}: ${words[verdict.outcome]} in ${verdict.durationSeconds} s`
  const parts = [head, table(counts)]
  if (times.length > 0) parts.push(table([['milliseconds', 'p50', 'p95', 'p99', 'max', 'count'], ...times]))
  if (verdict.says.length > 0) parts.push(verdict.says.join('\n'))
  const broken = verdict.thresholds.filter(({ ok }) => !ok)
  if (broken.length > 0)
    parts.push(`Does not hold:\n${broken.map((one) => `  ${brokenText(one)}`).join('\n')}`)
  if (verdict.outcome === 'invalid') parts.push(invalidText(verdict))
  return `\n${parts.join('\n\n')}\n\n`
}

/** Why nothing is said of what does not hold. */
export function invalidText({ heldUp }: Pick<Verdict, 'heldUp'>): string {
  return [
    ...heldUp,
    'What does not hold may come of that: give it more of a machine, or a smaller run (USERS, RATE).',
    'Nothing was lost, doubled, reordered or leaked, and nothing untrue was said of presence.',
  ].join('\n')
}

export function isOfK6(name: string): boolean {
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

function milliseconds(value: number | undefined): string {
  return value === undefined ? '' : value < 10 ? value.toFixed(1) : String(Math.round(value))
}
