import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A gateway or worker as a process of its own, which can be killed as one. */
export class ServiceProcess {
  readonly role: 'gateway' | 'worker'
  readonly child: ChildProcess
  readonly port: number
  readonly #exited: Promise<unknown>

  private constructor(role: 'gateway' | 'worker', child: ChildProcess, port: number) {
    this.role = role
    this.child = child
    this.port = port
    this.#exited = once(child, 'exit')
  }

  /** Resolves when it listens. */
  static async start(role: 'gateway' | 'worker', env: Record<string, string>): Promise<ServiceProcess> {
    const entry = fileURLToPath(new URL(`../../${role}/src/main.ts`, import.meta.url))
    const child = spawn(process.execPath, [entry], {
      env: { PATH: process.env.PATH, ...env, LOG_LEVEL: 'info' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    // Not left behind by a test that ends early.
    const kill = () => child.kill('SIGKILL')
    process.once('exit', kill)
    child.once('exit', () => process.off('exit', kill))
    const lines = createInterface({ input: child.stdout })
    for await (const line of lines) {
      const { msg, port } = JSON.parse(line) as { msg: string; port?: number }
      if (msg !== `${role} is up` || port === undefined) continue
      child.stdout.resume()
      return new ServiceProcess(role, child, port)
    }
    throw new Error(`the ${role} ended before it was up`)
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.isRunning) {
      this.child.kill(signal)
      await this.#exited
    }
  }
}
