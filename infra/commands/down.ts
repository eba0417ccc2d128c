import { consoleReporter } from '../report/console-reporter.ts'
import { type Settings, statePaths } from '../settings.ts'
import { runningState } from '../stack/state-file.ts'
import { sweepLeftovers } from '../stack/sweep.ts'
import { isAlive, signalProcess } from '../system/identity.ts'
import { waitUntil } from '../system/wait.ts'

/** Gateways drain for up to 12 s, databases end in less: whoever takes longer hangs. */
const END_WITHIN_MS = 45_000

/** `make down`: asks the program that holds the cluster to stop it, in the foreground or background. */
export async function down(settings: Settings): Promise<number> {
  const paths = statePaths(settings.stateDir)
  const reporter = consoleReporter()
  const state = runningState(paths.state)
  if (state === undefined) {
    await sweepLeftovers(paths.run, reporter)
    reporter.say('Nothing of this clone runs.')
    return 0
  }
  const { owner } = state
  const ended = await reporter.step(`Stopping ${state.url}`, () => {
    signalProcess(owner, 'SIGTERM')
    return waitUntil(() => !isAlive(owner), { timeoutMs: END_WITHIN_MS })
  })
  if (!ended) {
    reporter.say(`It did not end within ${END_WITHIN_MS / 1000} s and is killed.`)
    signalProcess(owner, 'SIGKILL')
    await waitUntil(() => !isAlive(owner), { timeoutMs: 5_000 })
    await sweepLeftovers(paths.run, reporter)
  }
  reporter.say('Stopped.')
  return 0
}
