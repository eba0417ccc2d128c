import { inspect } from 'node:util'
import type { DeadJob } from '@earshot/core/jobs/dead-letters'

export type Outcome =
  | { kind: 'list'; counts: Map<string, number>; jobs: DeadJob[] }
  | { kind: 'show'; job: DeadJob }
  | { kind: 'retried' | 'dropped'; ids: string[] }
  | { kind: 'retried-all'; count: number }

/** For programs. */
export function toJson(outcome: Outcome): object {
  switch (outcome.kind) {
    case 'list':
      return { counts: Object.fromEntries(outcome.counts), jobs: outcome.jobs.map(withoutStack) }
    case 'show':
      return outcome.job
    case 'retried':
      return { retried: outcome.ids.length, ids: outcome.ids }
    case 'retried-all':
      return { retried: outcome.count }
    case 'dropped':
      return { dropped: outcome.ids.length, ids: outcome.ids }
  }
}

/** For people. */
export function asText(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'list':
      return listText(outcome.counts, outcome.jobs)
    case 'show':
      return showText(outcome.job)
    case 'retried':
      return `${outcome.ids.join(', ')} is tried again.\n`
    case 'retried-all':
      return `${outcome.count} ${outcome.count === 1 ? 'job is' : 'jobs are'} tried again.\n`
    case 'dropped':
      return `${outcome.ids.join(', ')} is dropped.\n`
  }
}

function listText(counts: Map<string, number>, jobs: DeadJob[]): string {
  const sum = [...counts.values()].reduce((before, count) => before + count, 0)
  if (sum === 0) return 'No dead jobs.\n'
  const rows = jobs.map(({ id, diedAt, attempts, reason }) => [
    id,
    diedAt.toISOString(),
    String(attempts),
    firstLine(reason),
  ])
  const table = aligned([['ID', 'DIED', 'TRIES', 'REASON'], ...rows])
  const each = [...counts].filter(([, count]) => count > 0).map(([queue, count]) => `${queue}: ${count}`)
  return `${table}\n${each.join(', ')}${sum > jobs.length ? `; ${jobs.length} shown` : ''}\n`
}

function showText({ id, data, reason, stack, attempts, queuedAt, diedAt }: DeadJob): string {
  const rows = [
    ['id', id],
    ['queued', queuedAt.toISOString()],
    ['died', diedAt.toISOString()],
    ['tries', String(attempts)],
    ['reason', firstLine(reason)],
    ['data', inspect(data, { breakLength: Number.POSITIVE_INFINITY })],
  ]
  const last = stack.at(-1)
  return `${aligned(rows)}${last === undefined ? '' : `\n${last}\n`}`
}

function aligned(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

function withoutStack({ stack: _stack, ...job }: DeadJob): object {
  return job
}
