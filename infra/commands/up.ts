import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { consoleReporter } from '../report/console-reporter.ts'
import type { Reporter } from '../report/reporter.ts'
import { NODE, type Settings, statePaths } from '../settings.ts'
import { refuseIfRunning } from './running.ts'
import type { SupervisorMessage } from './supervise.ts'

/** `make up`: the cluster in the background. Returns when it is ready, or when it has failed and left nothing behind. */
export async function up(settings: Settings): Promise<number> {
  const paths = statePaths(settings.stateDir)
  refuseIfRunning(paths.state)
  mkdirSync(paths.logs, { recursive: true })
  const log = openSync(join(paths.logs, 'supervisor.log'), 'a')
  const cli = join(import.meta.dirname, '..', 'cli.ts')
  const supervisor = spawn(NODE, [cli, 'supervise'], { detached: true, stdio: ['ignore', log, log, 'ipc'] })
  // Ctrl-C while it starts: it stops what it has started, and its end is awaited below.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => supervisor.kill('SIGTERM'))

  let ready = false
  const relay = relayTo(consoleReporter())
  supervisor.on('message', (message: SupervisorMessage) => {
    relay(message)
    if (message.kind !== 'ready') return
    ready = true
    supervisor.disconnect()
  })
  // Either it is ready, or it ended: by then all that it had to say has been said.
  await once(supervisor, 'disconnect')
  if (!ready) return (await exitCode(supervisor)) || 1
  supervisor.unref()
  return 0
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}

/** Shows what the supervisor reports as if it were done here. */
function relayTo(reporter: Reporter): (message: SupervisorMessage) => void {
  let endStep: (() => void) | undefined
  return (message) => {
    if (message.kind === 'say') reporter.say(message.text)
    if (message.kind === 'step') {
      void reporter.step(message.what, () => new Promise<void>((resolve) => (endStep = resolve)))
    }
    if (message.kind === 'step-end') endStep?.()
    if (message.kind === 'failed') process.stderr.write(`${message.text}\n`)
  }
}
