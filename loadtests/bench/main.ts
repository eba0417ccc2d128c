import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { consoleReporter } from '../../infra/report/console-reporter.ts'
import { table } from '../../infra/report/table.ts'
import { readSettings } from '../../infra/settings.ts'
import { Failure } from '../../infra/system/failure.ts'
import { machine } from './lib/machine.ts'
import type { Row } from './lib/row.ts'
import { rows } from './rows/index.ts'

/** For all rows in one go: fewer repetitions, smaller steps. What the environment says goes before it. */
const brief = {
  ROUNDS: '1',
  TALK_SECONDS: '4',
  POLL_SECONDS: '4',
  REQUESTS: '3000',
  SECONDS: '20',
  SIZES: '10,1000',
  TIMES: '15',
  SOCKETS: '2000',
  EACH: '100',
  PREPARED: '10',
}

/** `npm run bench`: all rows, or those that ROW names, separated by commas. */
async function bench(): Promise<void> {
  if (process.platform !== 'linux') throw new Failure('CPU time is read from /proc, which only Linux has.')
  const wanted = chosen(process.env.ROW)
  if (!process.env.ROW) process.env = { ...brief, ...process.env }
  const reporter = consoleReporter()
  const logDir = join(readSettings().stateDir, 'bench')
  mkdirSync(logDir, { recursive: true })
  const box = { reporter, logDir }
  for (const line of await machine(box)) reporter.say(line)
  for (const row of wanted) {
    reporter.say(`\n${row.name}: ${row.asks}`)
    for (const { heading, lines, notes } of [await row.run(box)].flat()) {
      reporter.say(`\n${table(heading, lines)}\n`)
      for (const note of notes) reporter.say(note)
    }
  }
}

function chosen(names: string | undefined): readonly Row[] {
  if (!names) return rows
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
