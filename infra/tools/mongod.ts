import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { attempt } from '../system/exec.ts'
import { cacheDir, cached } from './cache.ts'
import { onPath } from './on-path.ts'
import type { Toolbox } from './toolbox.ts'
import { NotThisWay } from './ways.ts'

/** What our indexes and updates ask for. */
const LEAST_MONGOD = 6
const DOWNLOADED_VERSION = '7.0.24'
const DOWNLOADER = 'mongodb-memory-server-core@10'

export interface MongodTool {
  command: string
  version: string
}

export function mongodOnPath(): MongodTool | NotThisWay {
  const command = onPath('mongod')
  if (command === undefined) return new NotThisWay('no mongod on the PATH')
  const version = versionOf(command)
  if (Number.parseInt(version, 10) >= LEAST_MONGOD) return { command, version }
  return new NotThisWay(`${command} is version ${version}, older than ${LEAST_MONGOD}`)
}

/** MongoDB's own build, which mongodb-memory-server knows where to find: only where the network allows it. */
export async function downloadMongod(box: Toolbox): Promise<MongodTool | NotThisWay> {
  const folder = cacheDir('mongod', DOWNLOADED_VERSION)
  const command = join(folder, 'mongod')
  if (!existsSync(command)) {
    try {
      await cached('mongod', DOWNLOADED_VERSION, (target) => download(target, box))
    } catch (error) {
      if (error instanceof DownloadFailed)
        return new NotThisWay(`mongod could not be downloaded (${error.message})`)
      throw error
    }
  }
  return { command, version: DOWNLOADED_VERSION }
}

class DownloadFailed extends Error {}

const SCRIPT = `
import { createRequire } from 'node:module'
const [target, version] = process.argv.slice(1)
const { MongoBinary } = createRequire(target + '/')('mongodb-memory-server-core')
const path = await MongoBinary.getPath({ version, downloadDir: target, systemBinary: undefined })
const { copyFileSync, chmodSync } = await import('node:fs')
copyFileSync(path, target + '/mongod')
chmodSync(target + '/mongod', 0o755)
`

async function download(target: string, { reporter, logDir, signal }: Toolbox): Promise<void> {
  const npm = onPath('npm')
  if (npm === undefined) throw new DownloadFailed('no npm')
  const logPath = join(logDir, 'mongod-download.log')
  const steps = [
    { command: npm, args: ['install', '--no-save', '--ignore-scripts', '--prefix', target, DOWNLOADER] },
    { command: process.execPath, args: ['--input-type=module', '-e', SCRIPT, target, DOWNLOADED_VERSION] },
  ]
  await reporter.step(`Downloading mongod ${DOWNLOADED_VERSION}`, async () => {
    for (const step of steps) {
      const { code } = await attempt({ ...step, logPath, signal })
      if (code !== 0) throw new DownloadFailed(`see ${logPath}`)
    }
  })
}

function versionOf(command: string): string {
  const said = spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout ?? ''
  return /v(\d+\.\d+\.\d+)/.exec(said)?.[1] ?? '0'
}
