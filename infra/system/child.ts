import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Failure, hasCode } from './failure.ts'
import { identityOf, isAlive, type ProcessIdentity, signalProcess } from './identity.ts'
import { eachLine } from './lines.ts'
import { bindToParent } from './parent-death.ts'
import { within } from './wait.ts'

export interface LaunchSpec {
  command: string
  args: readonly string[]
  /** Replaces the environment when given. */
  env?: NodeJS.ProcessEnv | undefined
  cwd?: string | undefined
  /** Only root may give one: PostgreSQL refuses to run as root. */
  user?: { uid: number; gid: number } | undefined
  onLine?: ((line: string) => void) | undefined
  /** What asks it to end; SIGTERM unless given. */
  stopSignal?: NodeJS.Signals | undefined
  /** How long it may take to end before it is killed; 10 s unless given. */
  stopTimeoutMs?: number | undefined
}

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

const TAIL_LINES = 20
const living = new Set<Child>()

/**
 * A process that this program started. It has a process group of its own, so Ctrl-C reaches only this program, which
 * then ends its children in the right order; and it never outlives this program, whichever way that ends.
 */
export class Child {
  readonly identity: ProcessIdentity
  readonly exited: Promise<Exit>
  /** The last lines it wrote: what went wrong is mostly in them. */
  readonly tail: string[] = []
  readonly #spec: LaunchSpec
  #exit: Exit | undefined

  constructor(process: ChildProcess, identity: ProcessIdentity, spec: LaunchSpec) {
    this.identity = identity
    this.#spec = spec
    living.add(this)
    const output = [process.stdout, process.stderr].map((stream) => stream && eachLine(stream, this.#onLine))
    this.exited = once(process, 'exit').then(async ([code, signal]) => {
      living.delete(this)
      // Its own children may hold the pipes open: what it wrote itself is there by then.
      await within(Promise.allSettled(output), 500, undefined)
      this.#exit = { code, signal }
      return this.#exit
    })
  }

  get pid(): number {
    return this.identity.pid
  }

  get alive(): boolean {
    return this.#exit === undefined && isAlive(this.identity)
  }

  signal(signal: NodeJS.Signals): boolean {
    return signalProcess(this.identity, signal)
  }

  /** Asks it to end, waits, and kills it with all it started when it takes too long. */
  async stop(): Promise<Exit> {
    this.signal(this.#spec.stopSignal ?? 'SIGTERM')
    const exit = await within(this.exited, this.#spec.stopTimeoutMs ?? 10_000, undefined)
    return exit ?? this.kill()
  }

  async kill(): Promise<Exit> {
    signalProcess(this.identity, 'SIGKILL', { group: true })
    return this.exited
  }

  readonly #onLine = (line: string): void => {
    this.tail.push(line)
    if (this.tail.length > TAIL_LINES) this.tail.shift()
    this.#spec.onLine?.(line)
  }
}

export async function launch(spec: LaunchSpec): Promise<Child> {
  killChildrenWithThisProcess()
  const { command, args } = bindToParent(spec)
  const child = spawn(command, args, {
    ...(spec.env && { env: spec.env }),
    ...(spec.cwd && { cwd: spec.cwd }),
    ...spec.user,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  try {
    await once(child, 'spawn')
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EACCES')) throw new Failure(`${spec.command} cannot be started: ${error}`)
    throw error
  }
  const { pid } = child
  if (pid === undefined) throw new Error(`${spec.command} was started but has no pid`)
  // Already ended: Node has not reaped it yet or has; either way there is nothing left to signal by mistake.
  return new Child(child, identityOf(pid) ?? { pid, started: 'ended at once' }, spec)
}

/** For a second Ctrl-C: everything this program started ends now. */
export function killAllChildren(): void {
  for (const child of living) signalProcess(child.identity, 'SIGKILL', { group: true })
}

let watching = false

function killChildrenWithThisProcess(): void {
  if (watching) return
  watching = true
  process.on('exit', killAllChildren)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const onSignal = () => {
      // A program with a handler of its own decides itself when to end, and then 'exit' comes.
      if (process.listenerCount(signal) > 1) return
      killAllChildren()
      process.off(signal, onSignal)
      process.kill(process.pid, signal)
    }
    process.on(signal, onSignal)
  }
}
