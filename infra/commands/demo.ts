import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { consoleReporter } from '../report/console-reporter.ts'
import { NODE, ROOT, type Settings, statePaths } from '../settings.ts'
import { runningState } from '../stack/state-file.ts'
import { runInForeground } from '../system/exec.ts'
import { Failure } from '../system/failure.ts'
import { provideSpeech } from '../tools/speech.ts'
import { withStack } from './with-stack.ts'

/** `make demo`: the tour of infra/demo, on this clone's cluster if it runs, else on one of its own that goes with it. */
export async function demo(settings: Settings): Promise<number> {
  const entry = join(ROOT, 'infra', 'demo', 'main.ts')
  if (!existsSync(entry)) throw new Failure(`There is no demo yet: ${entry} does not exist.`)
  const paths = statePaths(settings.stateDir)
  const reporter = consoleReporter()
  await provideSpeech({ reporter, logDir: paths.logs })
  const show = (target: string) =>
    runInForeground(NODE, [entry], { cwd: ROOT, env: { ...process.env, TARGET: target } })
  const running = runningState(paths.state)
  if (running?.phase === 'ready') return show(running.url)
  return withStack({ settings, command: 'demo', reporter, logs: join(paths.logs, 'demo') }, ({ url }) =>
    show(url),
  )
}
