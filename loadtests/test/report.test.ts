import { test } from 'tap'
import { htmlPage } from '../report/html.ts'
import { junitOfNoVerdict, junitXml } from '../report/junit.ts'
import { readRecording } from '../report/recording.ts'
import { serverVerdicts } from '../report/server-thresholds.ts'
import { figure, scale } from '../report/svg-plot.ts'
import { aReport } from './a-report.ts'

const aggregates = { counter: ['count', 'rate'], gauge: ['value'], trend: ['med', 'p(95)'] }

function recording(...events: [event: string, data: unknown][]): string {
  return events.map(([event, data]) => JSON.stringify({ event, data })).join('\n')
}

test('a recording: each period by name, whenever a metric first appears', async (t) => {
  const text = recording(
    ['param', { aggregates }],
    ['metric', { time: { type: 'gauge' } }],
    ['metric', { sent: { type: 'counter' } }],
    ['cumulative', [[9, 9], [1_000]]],
    ['snapshot', [[5, 5], [1_000]]],
    ['metric', { latency: { type: 'trend' } }],
    ['snapshot', [[20, 30], [], [2_000]]],
    ['snapshot', [[], [7, 7], [3_000]]],
    ['stop', []],
  )
  t.strictSame(readRecording(text), {
    timesMs: [1_000, 2_000, 3_000],
    metrics: {
      sent: { count: [5, null, 7], rate: [5, null, 7] },
      latency: { med: [null, 20, null], 'p(95)': [null, 30, null] },
    },
  })
})

test('a recording that was cut off, or disagrees with itself, gives what is sure', async (t) => {
  const text = recording(
    ['param', { aggregates }],
    ['metric', { time: { type: 'gauge' } }],
    ['snapshot', [[1], [1_000]]],
    ['snapshot', [[2_000]]],
  )
  t.strictSame(readRecording(`${text}\n{"event":"snap`).timesMs, [2_000])
  t.throws(() => readRecording(''), /no recording/)
})

test('the page holds verdict, thresholds, plots and processes, and asks nobody for anything', async (t) => {
  const html = htmlPage(aReport({ says: ['Knee: <5> a second'] }))
  for (const text of [
    'failed',
    'lost',
    'count==0',
    'gateway-1',
    'Delivery, end to end',
    'CPU',
    'RATE',
    '&#60;5&#62;',
  ])
    t.match(html, text)
  t.match(html, /<tr class="failed"><td>✗<\/td><td>lost<\/td><td>count==0<\/td><td class="number">2<\/td>/)
  t.match(html, /gateway-1 is killed/)
  t.notMatch(html, /(src|href)=|url\(|@import|fetch\(/)
})

test('JUnit: a case for each threshold; what the machine was too busy for is skipped', async (t) => {
  const failed = junitXml(aReport())
  t.match(failed, /<testsuite name="smoke" tests="2" failures="1" errors="0" skipped="0" time="10"/)
  t.match(failed, /name="lost count==0">\n\s+<failure message="lost count==0 \(it is 2\)"/)
  t.match(failed, /name="delivery_latency p\(95\)&#60;100"\/>/)
  t.match(
    junitXml(aReport({ outcome: 'invalid' })),
    /failures="0" errors="0" skipped="1"[\s\S]*<skipped message=/,
  )
  t.match(junitOfNoVerdict('smoke', 'k6 ended with 108', 0), /<error message="k6 ended with 108"/)
})

test('a plot: round steps, gaps where nothing was measured, dots for what stands alone', async (t) => {
  t.strictSame(scale(430), { step: 200, most: 600 })
  t.strictSame(scale(4), { step: 1, most: 4 })
  t.match(scale(0), { most: 0.001 })
  const x = [0, 1_000, 2_000, 3_000, 4_000]
  const svg = figure({ title: 'T', unit: 'u', lines: [{ name: 'l', x, y: [1, 2, null, 3, null] }] })
  t.match(svg, /<path d="M52 \S+L197 \S+"\/><path class="dots" d="M487 \S+h0"\/>/)
  t.equal(figure({ title: 'T', unit: 'u', lines: [{ name: 'l', x, y: [null] }] }), '')
})

test('memory that grows in a gateway or worker breaks what the scenario wants', async (t) => {
  const memory = (of: (i: number) => number) => ({
    timesMs: [],
    cpuPercent: [],
    cpuSeconds: 0,
    memoryBytes: Array.from({ length: 100 }, (_, i) => of(i)),
  })
  const verdicts = serverVerdicts(
    { memoryGrowth: 1.3 },
    {
      'gateway-1': memory((i) => 100 + i),
      'gateway-2': memory((i) => 100 + (i % 10) * 20),
      'worker-1': { ...memory(() => 1), memoryBytes: [1, 2] },
      redis: memory((i) => 1 + i),
    },
  )
  t.strictSame(
    verdicts.map(({ metric, ok }) => [metric, ok]),
    [
      ['gateway-1 memory', false],
      ['gateway-2 memory', true],
      ['worker-1 memory', false],
    ],
  )
  t.equal(verdicts[2]?.value, null, 'too few looks')
  t.strictSame(serverVerdicts({}, {}), [])
})
