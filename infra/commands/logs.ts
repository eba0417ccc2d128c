import { existsSync, readdirSync, watch } from 'node:fs'
import { basename, join } from 'node:path'
import { formatLogLine } from '../report/log-line.ts'
import { LogTail } from '../report/log-tail.ts'
import { type Settings, statePaths } from '../settings.ts'
import { Failure } from '../system/failure.ts'

const DATABASES = new Set(['redis', 'mongo', 'postgres'])
const LAST_LINES = 20

/** `make logs`: the last lines of every process and then each new one, until Ctrl-C; `NODE=gateway-1` follows one. */
export async function logs(settings: Settings): Promise<number> {
  const folder = statePaths(settings.stateDir).logs
  const names = existsSync(folder) ? logNames(folder) : []
  const chosen = choose(names, process.env.NODE)
  const follows = (name: string) => chosen === undefined || name === chosen
  const print = (name: string, line: string) => {
    process.stdout.write(`${process.env.JSON ? line : formatLogLine(name, line)}\n`)
  }
  const tails = new Map<string, LogTail>()
  const tailOf = (name: string, lastLines: number) => {
    const tail = tails.get(name) ?? new LogTail(join(folder, `${name}.log`), lastLines)
    tails.set(name, tail)
    return tail
  }
  const show = (name: string, lastLines: number) => {
    for (const line of tailOf(name, lastLines).newLines()) print(name, line)
  }

  for (const name of names.filter(follows)) show(name, LAST_LINES)
  const watcher = watch(folder, (_event, file) => {
    const name = file?.endsWith('.log') ? basename(file, '.log') : undefined
    if (name !== undefined && follows(name) && isProcess(name)) show(name, Number.POSITIVE_INFINITY)
  })
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
    process.stdout.once('error', () => resolve())
  })
  watcher.close()
  return 0
}

/** Processes have a log each; what was built or installed has one too, which is of no interest here. */
function logNames(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.log'))
    .map((file) => basename(file, '.log'))
    .filter(isProcess)
}

function isProcess(name: string): boolean {
  return /^(gateway|worker)-\d+$|^(balancer|supervisor)$/.test(name) || DATABASES.has(name)
}

function choose(names: readonly string[], wanted: string | undefined): string | undefined {
  if (names.length === 0) throw new Failure('There are no logs yet: nothing of this clone has run.')
  if (!wanted || names.includes(wanted)) return wanted || undefined
  throw new Failure(`There is no log of "${wanted}"; there is one of ${names.join(', ')}.`)
}
