import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { consoleReporter } from '../../infra/report/console-reporter.ts'
import { table } from '../../infra/report/table.ts'
import { readSettings } from '../../infra/settings.ts'
import { Failure } from '../../infra/system/failure.ts'
import { machine } from './lib/machine.ts'
import type { Row } from './lib/row.ts'
import { rows } from './rows/index.ts'

/** `npm run bench`: all rows, or those that ROW names, separated by commas. */
async function bench(): Promise<void> {
  if (process.platform !== 'linux') throw new Failure('CPU time is read from /proc, which only Linux has.')
  const wanted = chosen(process.env.ROW)
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
