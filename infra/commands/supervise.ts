import { consoleReporter } from '../report/console-reporter.ts'
import type { Reporter } from '../report/reporter.ts'
import type { Settings } from '../settings.ts'
import { Failure } from '../system/failure.ts'
import { holdStack } from './hold.ts'
import { banner } from './run.ts'

/** What the background program tells the `up` that started it, until it is ready. */
export type SupervisorMessage =
  | { kind: 'say'; text: string }
  | { kind: 'step'; what: string }
  | { kind: 'step-end' }
  | { kind: 'failed'; text: string }
  | { kind: 'ready' }

/** The program behind `make up`: like `run`, but its terminal is a log file and, at first, the `up` that started it. */
export async function supervise(settings: Settings): Promise<number> {
  const abandoned = new AbortController()
  let ready = false
  process.on('disconnect', () => {
    // `up` was killed before the cluster was ready: nobody waits for it.
    if (!ready) abandoned.abort()
  })
  const reporter = tellingParent(consoleReporter({ stamped: true }))
  try {
    return await holdStack({
      settings,
      command: 'up',
      reporter,
      until: abandoned.signal,
      onReady: (stack) => {
        for (const line of banner(stack)) reporter.say(line)
        ready = true
        tell({ kind: 'ready' })
      },
    })
  } catch (error) {
    if (error instanceof Failure) tell({ kind: 'failed', text: error.message })
    throw error
  } finally {
    // An open channel would keep this program alive.
    if (process.connected) process.disconnect()
  }
}

function tellingParent(own: Reporter): Reporter {
  return {
    // Services write their own log files.
    log: () => undefined,
    say(text) {
      own.say(text)
      tell({ kind: 'say', text })
    },
    async step(what, work) {
      tell({ kind: 'step', what })
      try {
        return await own.step(what, work)
      } finally {
        tell({ kind: 'step-end' })
      }
    },
  }
}

function tell(message: SupervisorMessage): void {
  if (process.connected) process.send?.(message)
}
