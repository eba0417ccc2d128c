import { invalidText, isOfK6 } from '../lib/run/summary.ts'
import { pageScript, pageStyle } from './page-parts.ts'
import { plotsOf } from './plots.ts'
import { peakBytes, type Report } from './report.ts'
import { escaped, figure } from './svg-plot.ts'

/** A page of one run that needs nothing but itself: verdict, thresholds, plots over time, figures, settings. Pure. */
export function htmlPage(report: Report): string {
  const { scenario, outcome, durationSeconds, startedAtMs, target, says } = report
  const when = new Date(startedAtMs).toISOString().replace('T', ' ').slice(0, 19)
  const sections = [
    `<h1>${escaped(scenario)} <b class="${outcome}">${outcome}</b></h1>`,
    `<p>${when} UTC, ${durationSeconds} s, against ${escaped(target)}. ${escaped(machineText(report))}</p>`,
    outcome === 'invalid' ? `<p class="note">${escaped(invalidText(report))}</p>` : '',
    says.length > 0 ? `<pre>${escaped(says.join('\n'))}</pre>` : '',
    `<h2>Thresholds</h2>${thresholdTable(report)}`,
    `<h2>Over time</h2><div class="plots">${plotsOf(report).map(figure).join('\n')}</div>`,
    markList(report),
    `<h2>Latencies, milliseconds</h2>${trendTable(report)}`,
    `<h2>Counters</h2>${counterTable(report)}`,
    Object.keys(report.processes).length > 0 ? `<h2>Processes</h2>${processTable(report)}` : '',
    `<h2>Settings</h2>${table(
      ['name', 'value'],
      Object.entries(report.settings).map(([k, v]) => [k, String(v)]),
    )}`,
  ]
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(scenario)}: ${outcome}</title><style>${pageStyle}</style></head>
<body>${sections.filter((section) => section !== '').join('\n')}
<script>${pageScript}</script></body></html>
`
}

function machineText({ machine: { cores, memoryBytes, platform, loadBefore } }: Report): string {
  const memory = Math.round(memoryBytes / 2 ** 30)
  return `k6 ran on ${cores} cores and ${memory} GB (${platform}), load average before: ${loadBefore.toFixed(1)}.`
}

function thresholdTable({ thresholds }: Report): string {
  const brokenFirst = [...thresholds].sort(
    (a, b) => Number(a.ok) - Number(b.ok) || a.metric.localeCompare(b.metric),
  )
  return table(
    ['', 'metric', 'must be', 'is'],
    brokenFirst.map(({ metric, expression, ok, value }) => [
      ok ? '✓' : '✗',
      metric,
      expression,
      value === null ? 'not measured' : number(value),
    ]),
    (row) => (row[0] === '✓' ? '' : 'failed'),
  )
}

/** By name, k6's own figures last. */
function ownFirst([a]: [string, unknown], [b]: [string, unknown]): number {
  return Number(isOfK6(a)) - Number(isOfK6(b)) || a.localeCompare(b)
}

function trendTable({ metrics }: Report): string {
  const rows = Object.entries(metrics)
    .filter(([, values]) => (values.count ?? 0) > 0 && values['p(95)'] !== undefined)
    .sort(ownFirst)
    .map(([name, v]) => [
      name,
      ...[v.min, v.med, v['p(95)'], v['p(99)'], v.max, v.count].map((value) => number(value ?? 0)),
    ])
  return table(['', 'min', 'p50', 'p95', 'p99', 'max', 'count'], rows)
}

function counterTable({ metrics }: Report): string {
  const rows = Object.entries(metrics)
    .filter(([, values]) => values.count !== undefined && values['p(95)'] === undefined)
    .sort(ownFirst)
    .map(([name, { count, rate }]) => [name, number(count ?? 0), number(rate ?? 0)])
  return table(['', 'count', 'a second'], rows)
}

function processTable({ processes }: Report): string {
  const rows = Object.entries(processes).map(([role, series]) => [
    role,
    number(series.cpuSeconds),
    number(Math.max(0, ...series.cpuPercent)),
    ...(series.memoryBytes.length > 0 ? [peakBytes(series), series.memoryBytes.at(-1) ?? 0] : []).map(
      (bytes) => number(bytes / 1e6),
    ),
  ])
  return table(['', 'CPU, seconds', 'most, % of a core', 'memory at most, MB', 'at the end, MB'], rows)
}

function markList({ marks, startedAtMs }: Report): string {
  if (marks.length === 0) return ''
  const items = marks.map(
    ({ atMs, text }) => `<li>${((atMs - startedAtMs) / 1_000).toFixed(1)} s: ${escaped(text)}</li>`,
  )
  return `<h2>What was done to the cluster</h2><ul>${items.join('')}</ul>`
}

function table(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  classOf: (row: readonly string[]) => string = () => '',
): string {
  const isNumber = (i: number) => rows.length > 0 && rows.every((row) => /^[-\d.,]*$/.test(row[i] ?? ''))
  const kinds = heading.map((_, i) => (isNumber(i) ? ' class="number"' : ''))
  const head = heading.map((cell, i) => `<th${kinds[i]}>${escaped(cell)}</th>`).join('')
  const body = rows.map(
    (row) =>
      `<tr class="${classOf(row)}">${row.map((cell, i) => `<td${kinds[i]}>${escaped(cell)}</td>`).join('')}</tr>`,
  )
  return `<table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table>`
}

function number(value: number): string {
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0
  return Number(value.toFixed(digits)).toLocaleString('en')
}
