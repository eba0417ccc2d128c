import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { silent } from '../report/reporter.ts'
import { freePort } from '../system/ports.ts'
import { removeTempDir, tempDir } from '../system/temp-dir.ts'
import { provideS3 } from '../tools/s3.ts'
import { Daemon, type Surroundings } from './daemon.ts'
import { answersOk } from './probes.ts'
import { type Server, serverOf, startAll } from './server.ts'

export interface S3Options extends Partial<Surroundings> {
  /** A free one unless given. */
  port?: number
  /** Throwaway unless given. */
  dataDir?: string
}

/** No secrets: it listens on loopback alone. */
const ACCESS_KEY_ID = 'earshot'
const SECRET_ACCESS_KEY = 'earshot-secret'

/** No bucket can have this name: they have three characters or more. */
const HEALTH_PATH = '/up'

/** An S3 server without buckets, its credentials in its URL. It wants path-style addresses. */
export async function startS3(options: S3Options = {}): Promise<Server> {
  const surroundings = { ...options, reporter: options.reporter ?? silent }
  const ownDir = options.dataDir === undefined ? tempDir('s3') : undefined
  const dataDir = options.dataDir ?? ownDir ?? ''
  // Not every file system has extended attributes, where it would keep what it knows of an object.
  const folders = { objects: join(dataDir, 'objects'), facts: join(dataDir, 'facts') }
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true })
  const tool = await provideS3({ ...surroundings, logDir: options.logDir ?? dataDir })
  const port = options.port ?? (await freePort())
  const daemon = new Daemon(
    {
      role: 's3',
      port,
      launch: () => ({
        command: tool.command,
        args: [
          ...['--access', ACCESS_KEY_ID, '--secret', SECRET_ACCESS_KEY],
          ...['--port', `127.0.0.1:${port}`, '--health', HEALTH_PATH, '--keep-alive', '--quiet'],
          ...['posix', '--sidecar', folders.facts, folders.objects],
        ],
      }),
      ready: () => answersOk(`http://127.0.0.1:${port}${HEALTH_PATH}`),
    },
    surroundings,
  )
  await startAll([daemon])
  const url = `http://${ACCESS_KEY_ID}:${SECRET_ACCESS_KEY}@127.0.0.1:${port}`
  const cleanUp = () => {
    if (ownDir) removeTempDir(ownDir)
  }
  return serverOf([daemon], { url, port, cleanUp })
}
