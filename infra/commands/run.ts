import { consoleReporter } from '../report/console-reporter.ts'
import { bold } from '../report/style.ts'
import { type Settings, statePaths } from '../settings.ts'
import type { Stack } from '../stack/stack.ts'
import { holdStack } from './hold.ts'
import { refuseIfRunning } from './running.ts'

/** `make run`: the cluster in the foreground, with its log, until Ctrl-C. */
export async function run(settings: Settings): Promise<number> {
  refuseIfRunning(statePaths(settings.stateDir).state)
  const reporter = consoleReporter()
  return holdStack({
    settings,
    command: 'run',
    reporter,
    onReady: (stack) => {
      for (const line of banner(stack)) reporter.say(line)
    },
  })
}

export function banner({ url, data, logs, cluster, hasDemoPeople }: Stack): string[] {
  return [
    '',
    `  ${bold(`Earshot is ready: ${url}`)}`,
    `  ${cluster.gateways.length} gateways and a worker. In another terminal: make status, make logs, make down.`,
    ...(hasDemoPeople
      ? ['  Try it: be Ada in one window and Ben in another; write, talk, close one of them.']
      : []),
    `  Data: ${data.join(', ') || 'on the servers given'}. Logs: ${logs}.`,
    '',
  ]
}
