import exec from 'k6/execution'
import http from 'k6/http'
import { answerMs, jwtSecret, target } from './env.ts'
import type { LagWatch } from './lag.ts'
import { sleep } from './wait.ts'

/** What `setup` gives to every VU. */
export interface Start {
  /** Part of every id, so that runs against one cluster do not meet. */
  id: string
  /** When all VUs begin together after connecting, milliseconds since 1970. */
  startAt: number
}

/** A scenario's run as one VU sees it. */
export class Run {
  /** This VU's number, from 0. */
  readonly index: number
  readonly vus: number
  /** Of this VU's ids; no other VU or run has it. */
  readonly prefix: string
  readonly startAt: number
  readonly lag: LagWatch

  constructor({ id, startAt }: Start, vus: number, lag: LagWatch) {
    this.lag = lag
    this.index = exec.vu.idInTest - 1
    this.vus = vus
    this.prefix = `${id}-${this.index}`
    this.startAt = startAt
  }

  /** This VU's part of a whole that is shared evenly. */
  share(total: number): number {
    return Math.floor((total * (this.index + 1)) / this.vus) - Math.floor((total * this.index) / this.vus)
  }

  /** All VUs begin together, so many milliseconds after the common start; one that is late begins at once. */
  async startTogether(afterMs = 0): Promise<void> {
    await sleep(this.startAt + afterMs - Date.now())
  }
}

/** To be returned by a scenario's `setup`: makes sure that there is something to judge. */
export function startRun(connectSeconds: number): Start {
  if (jwtSecret === '') abort('JWT_SECRET is not set: the scripts sign the tokens of their users with it.')
  const response = http.get(`${target}/readyz`, {
    timeout: `${answerMs}ms`,
    tags: { name: 'GET /readyz' },
  })
  if (response.status === 0) {
    abort(`Nothing answers at ${target} (${response.error}). Start it (make up), or set TARGET.`)
  }
  if (response.status !== 200) abort(`${target} is not ready: /readyz answers ${response.status}.`)
  const id = `${Date.now().toString(36)}${Math.floor(Math.random() * 46_656).toString(36)}`
  return { id, startAt: Date.now() + connectSeconds * 1_000 }
}

/** Ends the whole run, with exit code 108 and this sentence. */
export function abort(why: string): never {
  exec.test.abort(why)
  throw new Error(why)
}
