import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { NODE, ROOT } from '../settings.ts'
import { freePort } from '../system/ports.ts'
import { scratch } from './scratch.ts'

export const DUMMY = join(import.meta.dirname, 'dummy', 'service.ts')

export interface Outcome {
  code: number
  stdout: string
  stderr: string
}

/** The program as a person runs it, but with a state folder and a port of its own and small services. */
export async function cliFor(t: Test, more: NodeJS.ProcessEnv = {}) {
  const stateDir = scratch(t)
  const port = await freePort()
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    EARSHOT_STATE_DIR: stateDir,
    EARSHOT_GATEWAY_ENTRY: DUMMY,
    EARSHOT_WORKER_ENTRY: DUMMY,
    EARSHOT_BUILD_WEB: 'no',
    PORT: String(port),
    ...more,
  }
  // What tap sets would make the child report to it.
  delete env.TAP
  const start = (...args: string[]) =>
    spawn(NODE, [join(ROOT, 'infra', 'cli.ts'), ...args], {
      env,
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const cli = async (...args: string[]): Promise<Outcome> => {
    const child = start(...args)
    const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? -1)))
    const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
    return { code, stdout, stderr }
  }
  t.teardown(() => cli('down'))
  return { cli, start, stateDir, port, url: `http://127.0.0.1:${port}` }
}
