import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, statePaths, WEB_ROOT } from '../settings.ts'
import { run } from '../system/exec.ts'
import { Failure } from '../system/failure.ts'
import { onPath } from '../tools/on-path.ts'
import type { Toolbox } from '../tools/toolbox.ts'

const WEB = join(ROOT, 'services', 'web')
const INPUTS = [
  'services/web/**/*',
  'services/client/src/**/*',
  'services/protocol/src/**/*',
  'package-lock.json',
]
const NO_INPUT = /^services\/web\/(dist|node_modules)\b/

/** Builds the web page, unless it was built from the very same files. */
export async function buildWeb(stateDir: string, box: Toolbox): Promise<void> {
  if (!hasBuildScript()) return
  const stamp = statePaths(stateDir).webBuild
  const hash = hashOfInputs()
  if (existsSync(join(WEB_ROOT, 'index.html')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash)
    return
  const npm = onPath('npm')
  if (npm === undefined) throw new Failure('The web page cannot be built: npm is not on the PATH.')
  await box.reporter.step('Building the web page', () =>
    run('Building the web page', {
      command: npm,
      args: ['run', 'build', '--workspace', 'services/web'],
      cwd: ROOT,
      logPath: join(box.logDir, 'web-build.log'),
      signal: box.signal,
    }),
  )
  writeFileSync(stamp, hash)
}

function hasBuildScript(): boolean {
  const path = join(WEB, 'package.json')
  return existsSync(path) && JSON.parse(readFileSync(path, 'utf8')).scripts?.build !== undefined
}

function hashOfInputs(): string {
  const hash = createHash('sha256')
  const files = globSync(INPUTS, { cwd: ROOT, exclude: (path) => NO_INPUT.test(path) })
  for (const file of files.sort()) {
    const path = join(ROOT, file)
    if (statSync(path).isFile()) hash.update(`${file}\0`).update(readFileSync(path)).update('\0')
  }
  return hash.digest('hex')
}
