import { test } from 'tap'
import { type Comparison, compare } from '../report/compare.ts'
import { comparisonMarkdown, comparisonText } from '../report/compare-text.ts'
import { rankZ } from '../report/rank-test.ts'
import type { Report } from '../report/report.ts'
import { aReport } from './a-report.ts'

function changes({ differences }: Comparison): Record<string, string> {
  const changed = differences.filter(({ change }) => change !== 'same')
  return Object.fromEntries(changed.map(({ what, change }) => [what, change]))
}

function withGateway(report: Report, cpuSeconds: number, memory: number): Report {
  const series = report.processes['gateway-1'] as Report['processes'][string]
  return { ...report, processes: { 'gateway-1': { ...series, cpuSeconds, memoryBytes: [memory] } } }
}

test('the same twice is the same', async (t) => {
  const comparison = compare(aReport(), aReport())
  t.strictSame(changes(comparison), {})
  t.match(comparisonText([comparison]), /smoke: nothing beyond noise/)
})

test('a latency is worse when it is higher, second for second, and not by a few percent', async (t) => {
  const all = (change: string) =>
    Object.fromEntries(['med', 'p(95)', 'p(99)'].map((name) => [`delivery_latency ${name}`, change]))
  t.strictSame(changes(compare(aReport({}, 50), aReport({}, 60))), all('worse'))
  t.strictSame(changes(compare(aReport({}, 60), aReport({}, 50))), all('better'))
  t.strictSame(changes(compare(aReport({}, 50), aReport({}, 54))), {})
})

test('a higher figure of the whole run that its seconds do not bear out is noise', async (t) => {
  const b = aReport({}, 50)
  const latency = { ...b.metrics.delivery_latency, 'p(99)': 400 }
  t.strictSame(
    changes(compare(aReport({}, 50), { ...b, metrics: { ...b.metrics, delivery_latency: latency } })),
    {},
  )
})

test('one more of what must not happen is worse', async (t) => {
  const b = aReport()
  t.strictSame(changes(compare(aReport(), { ...b, metrics: { ...b.metrics, lost: { count: 3 } } })), {
    lost: 'worse',
  })
})

test('CPU counts by what was done with it, memory as it is', async (t) => {
  const a = withGateway(aReport(), 5, 2e8)
  const b = withGateway(aReport(), 10, 3e8)
  const twice = { ...b, metrics: { ...b.metrics, messages_delivered: { count: 2_000 } } }
  t.strictSame(changes(compare(a, b)), {
    'gateway-1 CPU, µs for each delivery': 'worse',
    'gateway-1 memory at most, MB': 'worse',
  })
  t.strictSame(changes(compare(a, twice)), { 'gateway-1 memory at most, MB': 'worse' })
})

test('a lower knee is worse', async (t) => {
  const of = (min: number) => {
    const report = aReport()
    return { ...report, metrics: { ...report.metrics, knee_rate: { min } } }
  }
  t.strictSame(changes(compare(of(1_000), of(500))), { knee_rate: 'worse' })
  t.strictSame(changes(compare(of(500), of(1_000))), { knee_rate: 'better' })
  t.strictSame(changes(compare(of(1_000), of(900))), {})
})

test('what makes two runs hard to compare is said', async (t) => {
  const b = aReport({
    settings: { RATE: 200 },
    machine: { cores: 8, memoryBytes: 1, platform: 'linux', loadBefore: 7 },
  })
  const comparison = compare(aReport({ outcome: 'passed' }), b)
  const text = comparison.notes.join(' ')
  for (const part of [
    /B is failed/,
    /RATE is 100 in A and 200 in B/,
    /different machines/,
    /load average 0\.5 before A/,
  ])
    t.match(text, part)
  t.match(comparisonMarkdown([comparison]), /\| delivery_latency med \| 50 \| 50 \| 1\.00 \|/)
})

test('of the latencies of a run that was held up nothing is said', async (t) => {
  t.match(changes(compare(aReport(), aReport({}, 500))), { 'delivery_latency med': 'worse' })
  const comparison = compare(aReport(), aReport({ heldUp: ['The machine stood still.'] }, 500))
  t.strictSame(changes(comparison), {})
  t.match(comparison.notes.join(' '), /B was held up/)
})

test('the rank test: sure of what is apart, unsure of what is mixed', async (t) => {
  t.equal(rankZ([1, 1, 1], [1, 1, 1]), 0)
  t.equal(rankZ([], [1]), 0)
  // By hand: U of b is 16, its mean 8, its standard deviation sqrt(12).
  t.ok(Math.abs(rankZ([1, 2, 3, 4], [5, 6, 7, 8]) - 8 / Math.sqrt(12)) < 1e-9)
  t.equal(rankZ([1, 4, 5, 8], [2, 3, 6, 7]), 0)
  t.ok(rankZ([5, 6, 7, 8], [1, 2, 3, 4]) < 0)
})
