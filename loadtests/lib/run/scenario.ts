import exec from 'k6/execution'
import http from 'k6/http'
import type { Options } from 'k6/options'
import { jwtSecret, nodes, target, whole } from './env.ts'
import { metrics } from './metrics.ts'
import { sleep } from './wait.ts'

/** What `setup` gives to every VU. */
export interface Run {
  /** Part of every id, so that runs against one cluster do not meet. */
  id: string
  /** When all VUs begin together after connecting, milliseconds since 1970. */
  startAt: number
}

export interface ScenarioOptions {
  vus: number
  /** Seconds after which the run is ended, whatever state it is in. */
  maxSeconds: number
  thresholds: Record<string, string[]>
}

/** k6's options of a scenario in which each VU does its share once. */
export function scenarioOptions({ vus, maxSeconds, thresholds }: ScenarioOptions): Options {
  return {
    scenarios: {
      all: {
        executor: 'per-vu-iterations',
        vus,
        iterations: 1,
        maxDuration: `${maxSeconds}s`,
        gracefulStop: '5s',
      },
    },
    // A VU that threw, or was cut off, has judged nothing.
    thresholds: { vus_finished: [`count==${vus}`], ...thresholds },
    summaryTrendStats: ['min', 'avg', 'med', 'p(95)', 'p(99)', 'max', 'count'],
    setupTimeout: '30s',
  }
}

/** None of these may happen at all. */
export function never(...counters: string[]): Record<string, string[]> {
  return Object.fromEntries(counters.map((name) => [name, ['count==0']]))
}

/** What no run may show in which nothing is broken on purpose. */
export const noFaults = never(
  'lost',
  'doubled',
  'reordered',
  'leaked',
  'altered',
  'misnumbered',
  'missed_live',
  'refused',
  'unanswered',
  'connect_failures',
  'connections_lost',
  'history_failures',
)

/** To be returned by a scenario's `setup`: makes sure that there is something to judge. */
export function startRun(connectSeconds: number): Run {
  if (jwtSecret === '') abort('JWT_SECRET is not set: the scripts sign the tokens of their users with it.')
  const response = http.get(`${target}/readyz`, { timeout: '5s', tags: { name: 'GET /readyz' } })
  if (response.status === 0) {
    abort(`Nothing answers at ${target} (${response.error}). Start it (make up), or set TARGET.`)
  }
  if (response.status !== 200) abort(`${target} is not ready: /readyz answers ${response.status}.`)
  const id = `${Date.now().toString(36)}${Math.floor(Math.random() * 46_656).toString(36)}`
  return { id, startAt: Date.now() + connectSeconds * 1_000 }
}

function abort(why: string): never {
  exec.test.abort(why)
  throw new Error(why)
}

/** This VU's number, from 0. */
export function vuIndex(): number {
  return exec.vu.idInTest - 1
}

/** This VU's part of a whole that is shared evenly. */
export function shareOf(total: number, vus: number): number {
  const index = vuIndex()
  return Math.floor((total * (index + 1)) / vus) - Math.floor((total * index) / vus)
}

/** All VUs begin together; one that is late begins at once. */
export async function startTogether({ startAt }: Run): Promise<void> {
  await sleep(startAt - Date.now())
}

/** Users are spread over VUs: one of them is one JavaScript thread. */
export function vusFor(users: number, perVu: number): number {
  return whole('VUS', Math.max(1, Math.ceil(users / perVu)), { most: 200 })
}

export function pairsThreshold(): Record<string, string[]> {
  return nodes > 1 ? { pairs_across_nodes: ['rate==1'] } : {}
}

export function finished(): void {
  metrics.vusFinished.add(1)
}
