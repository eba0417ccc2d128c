import type { Report } from '../report/report.ts'

const seconds = 10
const timesMs = Array.from({ length: seconds }, (_, i) => 1_000 * (i + 1))

/** A report of a short run, with a trend whose values a second are around `p95`. */
export function aReport(changed: Partial<Report> = {}, p95 = 50): Report {
  const values = timesMs.map((_, i) => p95 + (i % 5))
  const trend = { min: 1, med: p95, 'p(95)': p95, 'p(99)': p95, max: p95, count: 1_000 }
  return {
    scenario: 'smoke',
    outcome: 'failed',
    heldUp: [],
    durationSeconds: seconds,
    settings: { RATE: 100 },
    thresholds: [
      { metric: 'lost', expression: 'count==0', ok: false, value: 2 },
      { metric: 'delivery_latency', expression: 'p(95)<100', ok: true, value: p95 },
    ],
    metrics: {
      lost: { count: 2, rate: 0.2 },
      messages_delivered: { count: 1_000, rate: 100 },
      delivery_latency: trend,
      sockets_opened: { count: 10, rate: 1 },
    },
    says: [],
    servers: {},
    startedAtMs: 0,
    target: 'http://127.0.0.1:3000',
    machine: { cores: 2, memoryBytes: 2 ** 34, platform: 'linux', loadBefore: 0.5 },
    processes: {
      'gateway-1': {
        timesMs,
        cpuPercent: timesMs.map(() => 50),
        memoryBytes: timesMs.map(() => 2e8),
        cpuSeconds: 5,
      },
    },
    series: {
      timesMs,
      metrics: {
        delivery_latency: { med: values, 'p(95)': values, 'p(99)': values },
        messages_delivered: { count: values, rate: values },
        lost: { count: values, rate: values },
      },
    },
    marks: [{ atMs: 5_000, text: 'gateway-1 is killed' }],
    ...changed,
  }
}
