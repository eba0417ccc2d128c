import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../system/exec.ts'
import { Failure } from '../system/failure.ts'
import { removeTempDir, tempDir } from '../system/temp-dir.ts'
import type { PostgresTool } from '../tools/postgres.ts'
import { Daemon, type Surroundings } from './daemon.ts'
import { placeFor, postgresUser } from './postgres-place.ts'
import { answersPostgres } from './probes.ts'

export interface PostgresOptions {
  dataDir: string
  maxConnections: number
  /** Without it a crash of the machine may lose data; one of the process does not. */
  durable: boolean
  surroundings: Surroundings
}

export interface PostgresPlan {
  daemon: Daemon
  /** For FerretDB; parameters may be appended with `&`. */
  url: string
  dataDir: string
  cleanUp: () => void
}

const SUPERUSER = 'earshot'

/** A PostgreSQL for FerretDB alone: no TCP port, only a socket in a folder that nobody else may enter. */
export async function postgresDaemon(tool: PostgresTool, options: PostgresOptions): Promise<PostgresPlan> {
  const { surroundings, durable } = options
  const user = postgresUser()
  const dataDir = placeFor(options.dataDir, user)
  if (dataDir !== options.dataDir) {
    surroundings.reporter.say(`PostgreSQL may not enter this clone's folder; its data is in ${dataDir}.`)
  }
  await initialise(tool, dataDir, options)
  // A path of its own in the temporary folder: a socket's path may not be longer than 107 characters.
  const socketDir = tempDir('pg')
  if (user) chownSync(socketDir, user.uid, user.gid)
  const daemon = new Daemon(
    {
      role: 'postgres',
      launch: () => ({
        command: join(tool.bin, 'postgres'),
        args: ['-D', dataDir, ...settings(socketDir, options.maxConnections, durable)],
        cwd: dataDir,
        user,
        // Ends the sessions instead of waiting for FerretDB to hang up.
        stopSignal: 'SIGINT',
        stopTimeoutMs: 20_000,
      }),
      ready: () => answersPostgres(join(socketDir, '.s.PGSQL.5432'), SUPERUSER),
      readyWithinMs: 60_000,
      // After a SIGKILL its orphans may hold the shared memory for a moment.
      persistent: true,
    },
    surroundings,
  )
  const url = `postgres://${SUPERUSER}@/postgres?host=${encodeURIComponent(socketDir)}&sslmode=disable`
  return { daemon, url, dataDir, cleanUp: () => removeTempDir(socketDir) }
}

function settings(socketDir: string, maxConnections: number, durable: boolean): string[] {
  const given: Record<string, string | number> = {
    listen_addresses: '',
    unix_socket_directories: socketDir,
    max_connections: maxConnections,
    // FerretDB's statements are short: compiling them costs more than running them.
    jit: 'off',
    // A duplicate key is no error of the server, and its statement would put people's messages into the log.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    ...(!durable && { fsync: 'off', full_page_writes: 'off' }),
  }
  return Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

async function initialise(tool: PostgresTool, dataDir: string, options: PostgresOptions): Promise<void> {
  const versionFile = join(dataDir, 'PG_VERSION')
  if (existsSync(versionFile)) return checkVersion(tool, versionFile, dataDir)
  const user = postgresUser()
  mkdirSync(dataDir, { recursive: true })
  chmodSync(dataDir, 0o700)
  if (user) chownSync(dataDir, user.uid, user.gid)
  const logDir = options.surroundings.logDir
  await run('initdb', {
    command: join(tool.bin, 'initdb'),
    // FerretDB asks for UTF-8 and the C collation: MongoDB compares bytes, too.
    args: [
      '-D',
      dataDir,
      '-U',
      SUPERUSER,
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C',
      ...(options.durable ? [] : ['-N']),
    ],
    cwd: dataDir,
    user,
    logPath: logDir && join(logDir, 'initdb.log'),
    signal: options.surroundings.signal,
  })
}

function checkVersion(tool: PostgresTool, versionFile: string, dataDir: string): void {
  const made = Number(readFileSync(versionFile, 'utf8'))
  if (made === tool.major) return
  throw new Failure(
    `The data in ${dataDir} is PostgreSQL ${made}'s, but PostgreSQL ${tool.major} is installed.`,
  )
}
