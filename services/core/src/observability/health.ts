export type Probe = () => Promise<unknown>

export interface HealthReport {
  ready: boolean
  draining: boolean
  /** Each store by name: whether it answered. */
  stores: Record<string, boolean>
}

/** A store that is busy is not away: all nodes would leave the balancer at once. */
const probeTimeoutMs = 5_000
/** However often it is asked, the stores are asked no more often than this. */
const reportLastsMs = 500

/** Whether this process should get traffic. */
export class Health {
  readonly #probes: Record<string, Probe>
  #draining = false
  #latest: Promise<Record<string, boolean>> | undefined
  #latestAt = 0
  #settled = true

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
    const now = performance.now()
    if (!this.#latest || (this.#latestAt + reportLastsMs < now && this.#settled)) {
      this.#latestAt = now
      this.#settled = false
      this.#latest = this.#ask().finally(() => {
        this.#settled = true
      })
    }
    const stores = await this.#latest
    const ready = !this.#draining && Object.values(stores).every(Boolean)
    return { ready, draining: this.#draining, stores }
  }

  async #ask(): Promise<Record<string, boolean>> {
    const names = Object.keys(this.#probes)
    const answers = await Promise.all(Object.values(this.#probes).map(isAnswered))
    return Object.fromEntries(names.map((name, i) => [name, answers[i] ?? false]))
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
