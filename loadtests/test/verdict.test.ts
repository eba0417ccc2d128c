import { test } from 'tap'
import { summaryText } from '../lib/run/summary.ts'
import { type SummaryData, type SummaryMetric, verdictOf } from '../lib/run/verdict.ts'

function counter(count: number, ok?: boolean): SummaryMetric {
  return {
    type: 'counter',
    values: { count, rate: count / 10 },
    ...(ok !== undefined && { thresholds: { 'count==0': { ok } } }),
  }
}

function trend(max: number): SummaryMetric {
  return { type: 'trend', values: { med: 1.25, 'p(95)': 20, 'p(99)': 30.4, max, count: 7 } }
}

function data(metrics: SummaryData['metrics']): SummaryData {
  return { state: { testRunDurationMs: 12_345 }, metrics }
}

test('the summary says what does not hold, and what it is instead', async (t) => {
  const figures = data({
    lost: counter(2, false),
    doubled: counter(0, true),
    delivery_latency: trend(40),
    'delivery_latency{stage:1}': trend(40),
    http_reqs: counter(1),
  })
  const verdict = verdictOf(
    { scenario: 'smoke', settings: { USERS: 3 }, says: ['It was a fine day.'] },
    figures,
  )
  t.match(verdict, { outcome: 'failed', durationSeconds: 12.3, settings: { USERS: 3 } })
  t.strictSame(verdict.thresholds, [
    { metric: 'lost', expression: 'count==0', ok: false, value: 2 },
    { metric: 'doubled', expression: 'count==0', ok: true, value: 0 },
  ])
  const text = summaryText(verdict, figures)
  t.match(text, /smoke: FAILED in 12.3 s/)
  t.match(text, /lost count==0 \(it is 2\)/)
  t.match(text, /doubled +0 +ok count==0/)
  t.match(text, /delivery_latency +1\.3 +20 +30 +40 +7/)
  t.match(text, /It was a fine day/)
  t.notMatch(text, 'http_reqs')
  t.notMatch(text, 'stage')
})

test('a threshold of what was never measured does not hold', async (t) => {
  const empty: SummaryMetric = { type: 'trend', values: {}, thresholds: { 'p(95)<10': { ok: false } } }
  const verdict = verdictOf({ scenario: 'smoke' }, data({ delivery_latency: empty }))
  t.match(verdict, { outcome: 'failed', thresholds: [{ value: null }] })
})

test('a run in which k6 was held up is invalid, unless something is wrong that no delay explains', async (t) => {
  const outcome = (metrics: SummaryData['metrics']) => verdictOf({ scenario: 's' }, data(metrics)).outcome
  const late = { k6_lag: trend(5_001) }
  t.equal(outcome({ ...late, connections_lost: counter(3, false) }), 'invalid')
  t.equal(outcome({ k6_lag: trend(4_999), connections_lost: counter(3, false) }), 'failed')
  t.equal(outcome({ ...late, connections_lost: counter(3, false), lost: counter(1, false) }), 'failed')
  t.equal(outcome({ ...late, connections_lost: counter(0, true) }), 'passed')
  t.equal(outcome({ ...late, presence_late: counter(1, false) }), 'invalid')
  t.equal(outcome({ ...late, presence_errors: counter(1, false) }), 'failed')
  const figures = data({ ...late, presence_late: counter(1, false) })
  const verdict = verdictOf({ scenario: 's' }, figures)
  t.strictSame(verdict.heldUp, ['k6 itself was held up for 5.0 s.'])
  t.match(
    summaryText(verdict, figures),
    /s: INVALID[\s\S]*held up for 5\.0 s\.[\s\S]*nothing untrue was said/,
  )
})
