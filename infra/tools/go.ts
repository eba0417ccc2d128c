import { join } from 'node:path'
import { run } from '../system/exec.ts'
import { onPath, searchIn } from './on-path.ts'
import type { Toolbox } from './toolbox.ts'

export function goCommand(): string | undefined {
  return onPath('go') ?? searchIn(['/usr/local/go/bin'], ['go'])
}

export interface GoBuild {
  /** For people and for the log's name: "FerretDB 1.24.2". */
  what: string
  args: readonly string[]
  cwd?: string
  env?: NodeJS.ProcessEnv
}

export async function buildWithGo(
  go: string,
  { what, args, cwd, env }: GoBuild,
  box: Toolbox,
): Promise<void> {
  await box.reporter.step(`Building ${what} with Go (once; one to three minutes)`, () =>
    run(`Building ${what}`, {
      command: go,
      args,
      cwd,
      env: { ...process.env, ...env },
      logPath: join(box.logDir, `${what.split(' ')[0]?.toLowerCase()}-build.log`),
      signal: box.signal,
    }),
  )
}
