import type { Servers } from './servers.ts'

const everyMs = 1_000

/** Looks at the resident memory of every process of a cluster, once a second, until it is stopped. */
export class MemoryWatch {
  readonly #servers: Servers
  readonly #seen: Map<string, number>[] = []
  readonly #timer: NodeJS.Timeout

  constructor(servers: Servers) {
    this.#servers = servers
    this.#look()
    this.#timer = setInterval(() => this.#look(), everyMs)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#look()
  }

  /** Of each process by its role, in the order of time: bytes. */
  get series(): Map<string, number[]> {
    const roles = [...(this.#seen[0]?.keys() ?? [])]
    return new Map(roles.map((role) => [role, this.#seen.map((look) => look.get(role) ?? 0)]))
  }

  #look(): void {
    this.#seen.push(this.#servers.memory())
  }
}

/** A value of the series for each of the shares of its length, from 0 to 1. Pure. */
export function atShares(series: readonly number[], shares: readonly number[]): number[] {
  return shares.map((share) => series[Math.round(share * (series.length - 1))] ?? Number.NaN)
}
