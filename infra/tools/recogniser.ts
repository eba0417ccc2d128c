import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { run } from '../system/exec.ts'
import { Failure, messageOf } from '../system/failure.ts'
import { installWithApt } from './apt.ts'
import { cached } from './cache.ts'
import { onPath } from './on-path.ts'
import type { Toolbox } from './toolbox.ts'
import { NotThisWay } from './ways.ts'

const VERSION = '5.1.1'

export interface RecogniserTool {
  python: string
  /** What PYTHONPATH must say. */
  path: string
}

/** PocketSphinx of PyPI, which carries its model: what transcription is tested against. */
export async function provideRecogniser(box: Toolbox): Promise<RecogniserTool | NotThisWay> {
  const python = onPath('python3')
  if (python === undefined) return new NotThisWay('no Python to run the recogniser with')
  try {
    // A venv holds its own path, so it cannot be built elsewhere and renamed: pip's target folder can.
    const path = await cached('pocketsphinx', `${VERSION}-py${pythonVersion(python)}`, (target) =>
      install(python, target, box),
    )
    return { python, path }
  } catch (error) {
    if (error instanceof Failure) return new NotThisWay(messageOf(error))
    throw error
  }
}

async function install(python: string, target: string, box: Toolbox): Promise<void> {
  const { reporter, logDir, signal } = box
  if (spawnSync(python, ['-m', 'pip', '--version']).status !== 0) {
    await installWithApt({ packages: ['python3-pip'] }, box)
  }
  const args = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--no-deps',
    `pocketsphinx==${VERSION}`,
    '--target',
    target,
  ]
  await reporter.step(`Installing PocketSphinx ${VERSION} from PyPI`, () =>
    run('pip install pocketsphinx', {
      command: python,
      args,
      logPath: join(logDir, 'pocketsphinx.log'),
      signal,
    }),
  )
}

/** Its wheels are for one Python each. */
function pythonVersion(python: string): string {
  const print = 'import sys; print(f"{sys.version_info[0]}.{sys.version_info[1]}")'
  return spawnSync(python, ['-c', print], { encoding: 'utf8' }).stdout.trim()
}
