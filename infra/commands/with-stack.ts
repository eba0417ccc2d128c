import { join } from 'node:path'
import type { Reporter } from '../report/reporter.ts'
import { type Settings, statePaths } from '../settings.ts'
import { type Stack, startStack } from '../stack/stack.ts'
import { freePort } from '../system/ports.ts'

export interface WithStackOptions {
  settings: Settings
  command: string
  reporter: Reporter
  logs: string
  /** Settings of gateways and worker that differ from their defaults. */
  env?: NodeJS.ProcessEnv
}

/** A cluster with throwaway data for the time of one piece of work, beside this clone's own if that runs. */
export async function withStack(
  { settings, command, reporter, logs, env = {} }: WithStackOptions,
  work: (stack: Stack) => Promise<number>,
): Promise<number> {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort())
  const port = process.env.PORT ? settings.port : await freePort()
  const state = join(statePaths(settings.stateDir).run, `${command}-${process.pid}.json`)
  const stack = await startStack({
    settings: { ...settings, port },
    command,
    // Its services' lines would drown what the work itself says.
    reporter: { ...reporter, log: () => undefined },
    signal: stopping.signal,
    throwaway: { logs, state, env },
  })
  try {
    return stopping.signal.aborted ? 130 : await work(stack)
  } finally {
    await reporter.step('Stopping', () => stack.stop())
  }
}
