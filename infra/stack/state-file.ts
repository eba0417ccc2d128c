import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Daemon, DaemonState } from '../servers/daemon.ts'
import { Failure, hasCode } from '../system/failure.ts'
import { identityOf, isAlive, type ProcessIdentity } from '../system/identity.ts'
import { tempDirs } from '../system/temp-dir.ts'

export interface ProcessEntry extends ProcessIdentity {
  role: string
  state: DaemonState
  startedAtMs: number
  port?: number
  restarts: number
  log?: string
}

export interface ServerEntry {
  what: string
  /** Which one and why, or the address as it was given (without its password). */
  chosen: string
  cannot?: string
  /** Runs elsewhere; its address is in the field named so. */
  external?: 'redisUrl' | 'queueRedisUrl' | 'mongoUri'
}

/** What a running cluster says of itself to `status`, `logs`, `down` and to the start after a crash. */
export interface StackState {
  /** The program that started it all and watches over it. */
  owner: ProcessIdentity
  command: string
  phase: 'starting' | 'ready' | 'stopping'
  sinceMs: number
  url: string
  port: number
  logs: string
  data: string[]
  servers: ServerEntry[]
  processes: ProcessEntry[]
  /** Throwaway data and sockets, to be removed by the next start if this one is killed. */
  tempDirs: string[]
  redisUrl?: string
  queueRedisUrl?: string
  mongoUri?: string
  /** Where the secret is that tokens are signed with, unless JWT_SECRET gave it. */
  jwtSecretFile?: string
}

export function readState(path: string): StackState | undefined {
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw new Failure(
      `The state file ${path} cannot be read (${error}); remove it when nothing of this clone runs.`,
    )
  }
}

/** The state of the cluster that runs now; a file left by one that was killed does not count. */
export function runningState(path: string): StackState | undefined {
  const state = readState(path)
  return state && isAlive(state.owner) ? state : undefined
}

/** The state file while this program owns it. It names addresses with passwords, so it is for this user alone. */
export class StateFile {
  readonly #path: string
  #state: StackState
  #removed = false

  /** Fails when another program of this clone has it. */
  constructor(path: string, about: Pick<StackState, 'command' | 'url' | 'port' | 'logs'>) {
    const owner = identityOf(process.pid)
    if (owner === undefined) throw new Error('this process has no identity')
    this.#path = path
    const empty = { data: [], servers: [], processes: [], tempDirs: [] }
    this.#state = { ...about, ...empty, owner, phase: 'starting', sinceMs: Date.now() }
    mkdirSync(dirname(path), { recursive: true })
    try {
      writeFileSync(path, JSON.stringify(this.#state), { flag: 'wx', mode: 0o600 })
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error
      throw new Failure('This clone is being started by another program at this moment.')
    }
  }

  get processes(): readonly ProcessEntry[] {
    return this.#state.processes
  }

  update(change: Partial<StackState>): void {
    // The last words of a process that ends may come after the end of everything.
    if (this.#removed) return
    this.#state = { ...this.#state, ...change, tempDirs: tempDirs() }
    const unfinished = `${this.#path}.${process.pid}`
    writeFileSync(unfinished, JSON.stringify(this.#state, null, 2), { mode: 0o600 })
    renameSync(unfinished, this.#path)
  }

  addServer(entry: ServerEntry): void {
    this.update({ servers: [...this.#state.servers, entry] })
  }

  /** Called with each change of a daemon. One that is waiting to be restarted keeps its last pid. */
  readonly track = (daemon: Daemon): void => {
    const others = this.#state.processes.filter(({ role }) => role !== daemon.role)
    const before = this.#state.processes.find(({ role }) => role === daemon.role)
    const identity = daemon.identity ?? before
    if (daemon.state === 'down' || identity === undefined) {
      this.update({ processes: others })
      return
    }
    const entry: ProcessEntry = {
      role: daemon.role,
      pid: identity.pid,
      started: identity.started,
      state: daemon.state,
      startedAtMs: daemon.startedAtMs,
      restarts: daemon.restarts,
      ...(daemon.port !== undefined && { port: daemon.port }),
      ...(daemon.logPath !== undefined && { log: daemon.logPath }),
    }
    this.update({ processes: [...others, entry].sort((a, b) => a.role.localeCompare(b.role)) })
  }

  remove(): void {
    this.#removed = true
    rmSync(this.#path, { force: true })
  }
}
