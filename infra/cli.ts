import { browser, screenshots } from './commands/browser.ts'
import { clean } from './commands/clean.ts'
import { demo } from './commands/demo.ts'
import { down } from './commands/down.ts'
import { jobs } from './commands/jobs.ts'
import { loadtest } from './commands/loadtest.ts'
import { loadtestCompare } from './commands/loadtest-compare.ts'
import { logs } from './commands/logs.ts'
import { run } from './commands/run.ts'
import { status } from './commands/status.ts'
import { supervise } from './commands/supervise.ts'
import { test } from './commands/test.ts'
import { up } from './commands/up.ts'
import { readSettings, type Settings } from './settings.ts'
import { Cancelled, Failure, hasCode } from './system/failure.ts'

type Command = (settings: Settings, args: readonly string[]) => Promise<number>

const COMMANDS: Record<string, Command> = {
  run,
  up,
  supervise,
  down,
  status,
  logs,
  test,
  demo,
  browser,
  screenshots,
  jobs,
  loadtest,
  'loadtest-compare': loadtestCompare,
  clean,
}

// `make logs | head`: a reader that has seen enough is no mistake. A terminal that is gone is not either.
process.stdout.on('error', (error) => {
  if (!hasCode(error, 'EPIPE', 'EIO')) throw error
})

const [name = '', ...args] = process.argv.slice(2)
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
if (command === undefined) {
  process.stderr.write(`Usage: infra/cli.ts ${Object.keys(COMMANDS).join(' | ')}\n`)
  process.exit(2)
}

try {
  process.exitCode = await command(readSettings(), args)
} catch (error) {
  process.exitCode = 1
  if (error instanceof Failure) process.stderr.write(`${error.message}\n`)
  else if (!(error instanceof Cancelled)) throw error
}
