import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { consoleReporter } from '../../infra/report/console-reporter.ts'
import type { Reporter } from '../../infra/report/reporter.ts'
import { duration, table } from '../../infra/report/table.ts'
import { readSettings } from '../../infra/settings.ts'
import { Failure } from '../../infra/system/failure.ts'
import { goalMarkdown, goalTable, type Judged } from './lib/goal.ts'
import { machine } from './lib/machine.ts'
import type { Row } from './lib/row.ts'
import { rows } from './rows/index.ts'

/** For all that is to reach something in one go, in about ten minutes. What the environment says goes before it. */
const brief = {
  ROUNDS: '1',
  TALK_SECONDS: '4',
  PROBE_SECONDS: '3',
  HOLD_SECONDS: '8',
  POLL_SECONDS: '4',
  REQUESTS: '3000',
  SECONDS: '20',
  SOCKETS: '2000',
  COLLECTION: '100000',
  FLOOD: '200',
  EACH: '60',
  PREPARED: '4',
  EXISTING_CLIENTS: 'no',
}

/** `npm run bench`: the rows that are to reach something, in brief; or those that ROW names, separated by commas; or ROW=all. */
async function bench(): Promise<void> {
  if (process.platform !== 'linux') throw new Failure('CPU time is read from /proc, which only Linux has.')
  const wanted = chosen(process.env.ROW)
  if (!process.env.ROW) process.env = { ...brief, ...process.env }
  const reporter = consoleReporter()
  const logDir = join(readSettings().stateDir, 'bench')
  mkdirSync(logDir, { recursive: true })
  const box = { reporter, logDir }
  const about = await machine(box)
  for (const line of about) reporter.say(line)
  const judged: Judged[] = []
  const failed: string[] = []
  for (const row of wanted) {
    reporter.say(`\n${row.name}: ${row.asks}`)
    const startedAt = performance.now()
    try {
      for (const { heading, lines, notes, goals = [] } of [await row.run(box)].flat()) {
        reporter.say(`\n${table(heading, lines)}\n`)
        for (const note of notes) reporter.say(note)
        judged.push(...goals.map((goal) => ({ row: row.name, ...goal })))
      }
    } catch (error) {
      // The others are worth as much without it.
      if (wanted.length === 1) throw error
      failed.push(row.name)
      reporter.say(`${row.name} has no figure: ${error instanceof Error ? error.stack : error}`)
    }
    reporter.say(`${row.name} took ${duration(Math.round((performance.now() - startedAt) / 1_000))}.`)
  }
  conclude({ reporter, about, judged, path: join(logDir, 'table.md') })
  if (failed.length > 0) throw new Failure(`Without a figure: ${failed.join(', ')}.`)
}

function conclude(of: { reporter: Reporter; about: string[]; judged: Judged[]; path: string }): void {
  const { reporter, about, judged, path } = of
  if (judged.length === 0) return
  const { heading, lines } = goalTable(judged)
  const reached = judged.filter(({ isReached }) => isReached).length
  reporter.say(`\n${table(heading, lines)}\n`)
  reporter.say(`${reached} of ${judged.length} reached. As docs/performance.md has it: ${path}`)
  writeFileSync(path, `${about.join('. ')}.\n\n${goalMarkdown(judged)}\n`)
}

function chosen(names: string | undefined): readonly Row[] {
  if (!names) return rows.filter(({ isJudged }) => isJudged)
  if (names === 'all') return rows
  return names.split(',').map((name) => {
    const row = rows.find((candidate) => candidate.name === name)
    if (row) return row
    throw new Failure(`There is no row "${name}"; there are ${rows.map((each) => each.name).join(', ')}.`)
  })
}

try {
  await bench()
} catch (error) {
  if (!(error instanceof Failure)) throw error
  process.exitCode = 1
  process.stderr.write(`${error.message}\n`)
}
