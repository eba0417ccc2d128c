import { setTimeout as delay } from 'node:timers/promises'
import type { Reporter } from '../report/reporter.ts'
import { type Child, type LaunchSpec, launch } from '../system/child.ts'
import { Cancelled, Failure } from '../system/failure.ts'
import type { ProcessIdentity } from '../system/identity.ts'
import { whyItEnded } from '../system/last-words.ts'
import { LogFile } from '../system/log-file.ts'
import { waitUntil } from '../system/wait.ts'

const FIRST_BACKOFF_MS = 100
const LONGEST_BACKOFF_MS = 5_000
/** Who stayed up this long starts again with the shortest wait. */
const STEADY_AFTER_MS = 10_000

/** What every server is given: where to say and log what happens, and whether it shall come back by itself. */
export interface Surroundings {
  reporter: Reporter
  /** One file for each process, named after its role. Without it only the last lines are kept. */
  logDir?: string | undefined
  /** Starts a process again that ended without being asked to. */
  supervise?: boolean | undefined
  /** Hears of every process that came, went, or is waiting to be started again. */
  onChange?: ((daemon: Daemon) => void) | undefined
  signal?: AbortSignal | undefined
}

export interface DaemonSpec {
  role: string
  port?: number | undefined
  /** Asked anew at each start. */
  launch: () => LaunchSpec
  ready: () => Promise<boolean>
  readyWithinMs?: number
  /** Tries again when it ends before it is ready: for a server whose predecessor may still hold its files. */
  persistent?: boolean
  /** Which of its log lines are shown to a person; all are kept. None unless given. */
  shown?: (line: string) => boolean
}

export type DaemonState = 'starting' | 'up' | 'restarting' | 'down'

/** One process of the cluster: started, watched, restarted, stopped. */
export class Daemon {
  readonly role: string
  readonly port: number | undefined
  readonly logPath: string | undefined
  restarts = 0
  state: DaemonState = 'down'
  startedAtMs = 0
  readonly #spec: DaemonSpec
  readonly #surroundings: Surroundings
  readonly #log: LogFile | undefined
  #child: Child | undefined
  #stopping = new AbortController()
  #backoffMs = FIRST_BACKOFF_MS

  constructor(spec: DaemonSpec, surroundings: Surroundings) {
    this.role = spec.role
    this.port = spec.port
    this.#spec = spec
    this.#surroundings = surroundings
    if (surroundings.logDir !== undefined) this.#log = new LogFile(`${surroundings.logDir}/${spec.role}.log`)
    this.logPath = this.#log?.path
  }

  get identity(): ProcessIdentity | undefined {
    return this.#child?.alive ? this.#child.identity : undefined
  }

  get pid(): number | undefined {
    return this.identity?.pid
  }

  /** Starts the process and waits until it answers. */
  async start(): Promise<void> {
    this.#stopping = new AbortController()
    this.#set('starting')
    const deadline = performance.now() + (this.#spec.readyWithinMs ?? 30_000)
    for (;;) {
      const child = await this.#launch()
      const outcome = await this.#becomesReady(child, deadline - performance.now()).catch(async (error) => {
        await child.stop()
        this.#set('down')
        throw error
      })
      if (outcome === 'ready') return this.#watch(child)
      const again = outcome === 'ended' && this.#spec.persistent && performance.now() < deadline
      if (!again) throw await this.#failure(child)
      await delay(FIRST_BACKOFF_MS)
    }
  }

  /** Asks it to end and waits for it; it is killed when it takes too long. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#child?.stop()
    this.#set('down')
  }

  /** Tells it that its end has come, without waiting: it shall not be brought back when it ends. */
  retire(signal: NodeJS.Signals): void {
    this.#stopping.abort()
    this.#child?.signal(signal)
  }

  /** Sends a signal as a fault would; waits for the end when the signal is SIGKILL. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child?.signal(signal) && signal === 'SIGKILL') await child.exited
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  async #launch(): Promise<Child> {
    const child = await launch({
      ...this.#spec.launch(),
      onLine: (line) => {
        this.#log?.write(line)
        if (this.#spec.shown?.(line)) this.#surroundings.reporter.log(this.role, line)
      },
    })
    this.#child = child
    this.startedAtMs = Date.now()
    this.#surroundings.onChange?.(this)
    return child
  }

  async #becomesReady(child: Child, timeoutMs: number): Promise<'ready' | 'ended' | 'late'> {
    let ended = false
    void child.exited.then(() => {
      ended = true
    })
    const answered = async () => ended || (await this.#spec.ready())
    const signals = [this.#stopping.signal, this.#surroundings.signal].filter(
      (signal) => signal !== undefined,
    )
    const done = await waitUntil(answered, { timeoutMs, signal: AbortSignal.any(signals) })
    if (ended) return 'ended'
    return done ? 'ready' : 'late'
  }

  async #failure(child: Child): Promise<Error> {
    const late = child.alive
    const exit = await child.kill()
    this.#set('down')
    if (this.#stopping.signal.aborted) return new Cancelled('cancelled')
    const where = this.logPath ? `; its log: ${this.logPath}` : ''
    const why = late ? 'did not become ready in time' : `ended at once${whyItEnded(exit, child.tail)}`
    return new Failure(`${this.role} ${why}${where}`)
  }

  #watch(child: Child): void {
    this.#set('up')
    const since = performance.now()
    void child.exited.then(async (exit) => {
      if (this.#stopping.signal.aborted || child !== this.#child) return
      if (performance.now() - since > STEADY_AFTER_MS) this.#backoffMs = FIRST_BACKOFF_MS
      if (!this.#surroundings.supervise) return this.#set('down')
      this.#surroundings.reporter.say(`${this.role} ended unexpectedly${whyItEnded(exit, child.tail)}.`)
      await this.#bringBack()
    })
  }

  async #bringBack(): Promise<void> {
    const { signal } = this.#stopping
    const { reporter } = this.#surroundings
    while (!signal.aborted) {
      this.#set('restarting')
      const waitedMs = this.#backoffMs
      await delay(waitedMs, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      this.#backoffMs = Math.min(this.#backoffMs * 2, LONGEST_BACKOFF_MS)
      this.restarts++
      const child = await this.#launch()
      if (signal.aborted) return void (await child.stop())
      const outcome = await this.#becomesReady(child, this.#spec.readyWithinMs ?? 30_000).catch(
        () => 'late' as const,
      )
      if (signal.aborted) return
      if (outcome === 'ready') {
        reporter.say(`${this.role} is back (restart ${this.restarts}, after ${waitedMs} ms).`)
        return this.#watch(child)
      }
      const exit = await child.kill()
      const why = outcome === 'late' ? ' (not ready in time)' : whyItEnded(exit, child.tail)
      reporter.say(`${this.role} did not come back${why}; trying again.`)
    }
  }

  #set(state: DaemonState): void {
    this.state = state
    this.#surroundings.onChange?.(this)
  }
}
