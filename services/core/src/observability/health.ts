export type Probe = () => Promise<unknown>

export interface HealthReport {
  ready: boolean
  draining: boolean
  /** Each store by name: whether it answered. */
  stores: Record<string, boolean>
}

const probeTimeoutMs = 2_000

/** Whether this process should get traffic. */
export class Health {
  readonly #probes: Record<string, Probe>
  #draining = false

  constructor(probes: Record<string, Probe>) {
    this.#probes = probes
  }

  /** From now on not ready. */
  drain(): void {
    this.#draining = true
  }

  get draining(): boolean {
    return this.#draining
  }

  async report(): Promise<HealthReport> {
    const names = Object.keys(this.#probes)
    const answers = await Promise.all(Object.values(this.#probes).map(isAnswered))
    const stores = Object.fromEntries(names.map((name, i) => [name, answers[i] ?? false]))
    return { ready: !this.#draining && answers.every(Boolean), draining: this.#draining, stores }
  }
}

async function isAnswered(probe: Probe): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>()
  const timer = setTimeout(() => resolve(false), probeTimeoutMs)
  try {
    return await Promise.race([probe().then(() => true), late])
  } catch {
    // Why it does not answer is in the log of the client that tried; here only that it does not.
    return false
  } finally {
    clearTimeout(timer)
  }
}
