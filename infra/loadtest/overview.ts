import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brokenText } from '../../loadtests/lib/run/verdict.ts'
import { escaped } from '../../loadtests/report/svg-plot.ts'
import { table } from '../report/table.ts'
import type { RunResult } from './one-run.ts'

/** What is wrong with a run, in a few words. */
function remark({ outcome, code, report }: RunResult): string {
  if (outcome === 'aborted') return `k6 ended with ${code}`
  const broken = (report?.thresholds ?? []).filter(({ ok }) => !ok).map(brokenText)
  const why = outcome === 'invalid' ? (report?.heldUp ?? []) : []
  return [...why, broken.join('; ')].join(' ').trim()
}

function figures({ report }: RunResult): [seconds: string, delivered: string, p95: string] {
  const delivered = report?.metrics.messages_delivered?.count
  const p95 = report?.metrics.delivery_latency?.['p(95)']
  return [
    String(report?.durationSeconds ?? ''),
    delivered === undefined ? '' : String(delivered),
    p95 === undefined ? '' : `${Math.round(p95)} ms`,
  ]
}

const heading = ['scenario', 'verdict', 'seconds', 'delivered', 'p95', '']

/** A line for each scenario, for the screen. */
export function overviewText(results: readonly RunResult[]): string {
  return table(
    heading,
    results.map((result) => [result.name, result.outcome.toUpperCase(), ...figures(result), remark(result)]),
  )
}

/** The same as a page with links to those of the scenarios, and as Markdown for a CI server's summary. */
export function writeOverview(folder: string, results: readonly RunResult[]): void {
  const rows = results.map((result) => [result.name, result.outcome, ...figures(result), remark(result)])
  const cells = (row: readonly string[], wrap: (cell: string, i: number) => string) => row.map(wrap).join('')
  const html = rows.map(
    (row) =>
      `<tr>${cells(row, (cell, i) => `<td>${i === 0 ? `<a href="${escaped(cell)}.html">${escaped(cell)}</a>` : escaped(cell)}</td>`)}</tr>`,
  )
  writeFileSync(
    join(folder, 'index.html'),
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Load tests</title>
<style>body{font:14px/1.6 system-ui;margin:2rem;color-scheme:light dark}td,th{padding-right:1.5em;text-align:left}</style>
<h1>Load tests</h1><table><tr>${cells(heading, (cell) => `<th>${cell}</th>`)}</tr>${html.join('')}</table></html>
`,
  )
  const markdown = [heading, heading.map(() => '---'), ...rows]
    .map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')
  writeFileSync(join(folder, 'summary.md'), `### Load tests\n\n${markdown}\n`)
  const ofCi = process.env.GITHUB_STEP_SUMMARY
  if (ofCi) appendFileSync(ofCi, `### Load tests\n\n${markdown}\n\n`)
}
