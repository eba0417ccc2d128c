import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Failure, messageOf } from '../system/failure.ts'
import { cached } from './cache.ts'
import { buildWithGo, goCommand } from './go.ts'
import { onPath } from './on-path.ts'
import type { Toolbox } from './toolbox.ts'
import { firstWay, NotThisWay, once, type Way } from './ways.ts'

const VERSION = '1.8.0'

export interface S3Tool {
  command: string
  /** For people: which server, and how it came here. */
  chosen: string
}

/** Versity's S3 gateway: the S3 protocol over a folder, for tests. */
export const provideS3 = once(async (box: Toolbox): Promise<S3Tool> => {
  const remedy = 'Install versitygw or Go, or give the address of an S3 server in TEST_S3_URL.'
  const { tool } = await firstWay('An S3 server', remedy, ways(box))
  return tool
})

const ways = (box: Toolbox): Way<S3Tool>[] => [installed, () => built(box)]

async function installed(): Promise<S3Tool | NotThisWay> {
  const command = onPath('versitygw')
  if (command === undefined) return new NotThisWay('no versitygw on the PATH')
  const said = spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout ?? ''
  const version = /v?(\d+\.\d+\.\d+)/.exec(said)?.[1] ?? 'of an unknown version'
  return { command, chosen: `versitygw ${version} on the PATH` }
}

async function built(box: Toolbox): Promise<S3Tool | NotThisWay> {
  const go = goCommand()
  if (go === undefined) return new NotThisWay('no Go to build it with')
  try {
    const folder = await cached('versitygw', VERSION, (target) =>
      buildWithGo(
        go,
        {
          what: `versitygw ${VERSION}`,
          args: ['install', '-ldflags=-s -w', `github.com/versity/versitygw/cmd/versitygw@v${VERSION}`],
          env: { GOBIN: target, CGO_ENABLED: '0' },
        },
        box,
      ),
    )
    return { command: join(folder, 'versitygw'), chosen: `versitygw ${VERSION}, built with Go` }
  } catch (error) {
    if (error instanceof Failure) return new NotThisWay(messageOf(error))
    throw error
  }
}
