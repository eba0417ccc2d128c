import { join } from 'node:path'
import { consoleReporter } from '../../infra/report/console-reporter.ts'
import type { Reporter } from '../../infra/report/reporter.ts'
import { duration, table } from '../../infra/report/table.ts'
import { readSettings } from '../../infra/settings.ts'
import { Failure } from '../../infra/system/failure.ts'
import { docsFile, writeDocs } from './lib/docs-table.ts'
import { Figures } from './lib/figures.ts'
import { goalTable, type Judged } from './lib/goal.ts'
import { machine } from './lib/machine.ts'
import { profileTables } from './lib/profile.ts'
import type { Box, Row, Table } from './lib/row.ts'
import { Talkers } from './lib/talkers.ts'
import { rows } from './rows/index.ts'

/** For all that is to reach something in one go, in ten to fifteen minutes. What the environment says goes before it. */
const brief = {
  ROUNDS: '1',
  WARM_UP: '8000',
  TALK_SECONDS: '3',
  PROBE_SECONDS: '2',
  HOLD_SECONDS: '6',
  NODE_COUNTS: '2,4',
  REQUESTS: '3000',
  SECONDS: '20',
  SOCKETS: '2000',
  COLLECTION: '100000',
  FLOOD: '200',
  EACH: '60',
  PAGES: '100',
  PREPARED: 'no',
  EXISTING_CLIENTS: 'no',
  PACED: 'no',
}

/**
 * `npm run bench`: the rows that are to reach something, in brief; or those that ROW names, separated by commas; or ROW=all.
 * ROW=docs measures nothing, and puts what each row came to the last time into docs/performance.md.
 */
async function bench(): Promise<void> {
  const stateDir = join(readSettings().stateDir, 'bench')
  const figures = new Figures(join(stateDir, 'figures'))
  const reporter = consoleReporter()
  if (process.env.ROW === 'docs') {
    writeDocs(figures.read(rows.map(({ name }) => name)).filter(({ judged }) => judged.length > 0))
    return
  }
  if (process.platform !== 'linux') throw new Failure('CPU time is read from /proc, which only Linux has.')
  const wanted = chosen(process.env.ROW)
  const isBrief = !process.env.ROW || process.env.BRIEF === 'yes'
  if (isBrief) process.env = { ...brief, ...process.env }
  const talkers = new Talkers({ reporter, logDir: stateDir })
  const box = { reporter, logDir: stateDir, talkers }
  const machineLines = await machine(box)
  for (const line of machineLines) reporter.say(line)
  const judged: Judged[] = []
  const failed: string[] = []
  for (const row of wanted) {
    reporter.say(`\n${row.name}: ${row.asks}`)
    const startedAt = performance.now()
    try {
      if (!row.hasTalkers) await talkers.end()
      const own = await measured(row, box)
      judged.push(...own)
      const at = new Date().toISOString()
      figures.write({ row: row.name, at, about: machineLines.join('. '), isBrief, judged: own })
    } catch (error) {
      await talkers.end()
      // The others are worth as much without it.
      if (wanted.length === 1) throw error
      failed.push(row.name)
      reporter.say(`${row.name} has no figure: ${error instanceof Error ? error.stack : error}`)
    }
    reporter.say(`${row.name} took ${duration(Math.round((performance.now() - startedAt) / 1_000))}.`)
  }
  await talkers.end()
  for (const found of profileTables()) print(found, reporter)
  conclude(judged, reporter)
  if (failed.length > 0) throw new Failure(`Without a figure: ${failed.join(', ')}.`)
}

/** Runs a row and prints it. */
async function measured(row: Row, box: Box): Promise<Judged[]> {
  const judged: Judged[] = []
  for (const found of [await row.run(box)].flat()) {
    print(found, box.reporter)
    judged.push(...(found.goals ?? []).map((goal) => ({ row: row.name, ...goal })))
  }
  return judged
}

function print({ heading, lines, notes }: Table, reporter: Reporter): void {
  reporter.say(`\n${table(heading, lines)}\n`)
  for (const note of notes) reporter.say(note)
}

function conclude(judged: readonly Judged[], reporter: Reporter): void {
  if (judged.length === 0) return
  const { heading, lines } = goalTable(judged)
  const reached = judged.filter(({ isReached }) => isReached).length
  reporter.say(`\n${table(heading, lines)}\n`)
  reporter.say(`${reached} of ${judged.length} reached. Into ${docsFile}: make bench ROW=docs`)
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
