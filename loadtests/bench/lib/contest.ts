import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Toolbox } from '../../../infra/tools/toolbox.ts'
import { allOrNone } from './all-or-none.ts'
import type { Sample } from './contest-table.ts'
import { Crowd, type CrowdOptions } from './crowd/crowd.ts'
import { type Cost, minusRest, type Rest } from './meter.ts'
import type { Program } from './programs.ts'
import { type CpuTimes, parts, Servers } from './servers.ts'

/** What takes part: a program on two nodes, or on another number of them under a name of its own. */
export type Entrant = Program | { name: string; program: Program; nodes: number }

/** A program that runs, with the crowd that uses it. */
export interface Contestant {
  /** The program's, unless it runs more than once. */
  name: string
  program: Program
  nodes: number
  servers: Servers
  crowd: Crowd
  /** What it does anyway when its crowd is there and silent: seen while it was the others' turn. */
  rest: Rest
}

export const nodes = 2

/** The crowds share the machine with the servers: a client that answers a ping late is not gone. */
const patient = { PING_TIMEOUT_MS: '60000' }

const silence: Rest = { gateways: 0, worker: 0, redis: 0, database: 0 }
/** Until what a login leaves to do is done. */
const calmMs = 5_000

/**
 * Runs several programs side by side, each with servers and data of its own, so that they can be measured in turns: what
 * drifts on the machine drifts for all. Who is not measured does nothing but stay connected.
 */
export async function withContestants<T>(
  box: Toolbox,
  entrants: readonly Entrant[],
  env: NodeJS.ProcessEnv,
  work: (contestants: Contestant[]) => Promise<T>,
): Promise<T> {
  const contestants = await startContestants(box, entrants, env)
  try {
    return await work(contestants)
  } finally {
    await endContestants(contestants)
  }
}

/** All or none. */
export async function startContestants(
  box: Toolbox,
  entrants: readonly Entrant[],
  env: NodeJS.ProcessEnv,
): Promise<Contestant[]> {
  return allOrNone(
    entrants.map((entrant) => start(box, entrant, env)),
    endContestants,
  )
}

export async function endContestants(contestants: readonly Contestant[]): Promise<void> {
  for (const { crowd } of contestants) crowd.end()
  await Promise.all(contestants.map(({ servers }) => servers.stop()))
}

async function start(box: Toolbox, entrant: Entrant, env: NodeJS.ProcessEnv): Promise<Contestant> {
  const one = typeof entrant === 'string' ? { name: entrant, program: entrant, nodes } : entrant
  const logDir = join(box.logDir, one.name.replaceAll(/\W+/g, '-'))
  mkdirSync(logDir, { recursive: true })
  const options = { nodes: one.nodes, program: one.program, env: { ...patient, ...env } }
  const servers = await Servers.start({ ...box, logDir }, options)
  return { ...one, servers, crowd: new Crowd(servers), rest: silence }
}

/** Each one's crowd connects. */
export async function gather(
  box: Toolbox,
  contestants: readonly Contestant[],
  options: (contestant: Contestant) => CrowdOptions | Promise<CrowdOptions>,
): Promise<void> {
  for (const contestant of contestants) {
    const { userIds, ...more } = await options(contestant)
    await box.reporter.step(`${contestant.name}: ${userIds.length} connect`, () =>
      contestant.crowd.connect({ userIds, ...more }),
    )
  }
  await wait(calmMs)
}

/** For the notes of a table: what was taken off. */
export function restNote(contestants: readonly Contestant[]): string {
  const percent = ({ rest }: Contestant) => parts.reduce((sum, part) => sum + rest[part], 0) / 10
  const each = contestants.map((one) => `${one.name} ${percent(one).toFixed(1)} %`)
  return `Without what each does anyway when nobody speaks, of one core: ${each.join(', ')}.`
}

/**
 * So many rounds after one for the compilers, which is thrown away; in each everybody in turn, beginning with another.
 * While it is one's turn it is measured what the others do anyway, and that is taken off what they cost in theirs.
 */
export async function takeTurns(
  box: Toolbox,
  contestants: readonly Contestant[],
  rounds: number,
  turn: (contestant: Contestant) => Promise<Sample[]>,
): Promise<Sample[]> {
  const samples: Sample[] = []
  const rests = new Map(contestants.map((contestant) => [contestant, new RestMeter(contestant)]))
  for (let round = 0; round <= rounds; round++) {
    const first = round % contestants.length
    for (const contestant of [...contestants.slice(first), ...contestants.slice(0, first)]) {
      const what = `Round ${round} of ${rounds}: ${contestant.name}`
      // In the first round what the logins left to do may not be done.
      const others =
        round === 0 ? [] : [...rests].filter(([one]) => one !== contestant).map(([, meter]) => meter)
      for (const meter of others) meter.begin()
      const found = await box.reporter.step(what, () => turn(contestant))
      for (const meter of others) meter.end()
      if (round > 0) samples.push(...found)
    }
  }
  for (const [contestant, meter] of rests) contestant.rest = meter.rest
  const restOf = (sample: Sample) => contestants.find(({ name }) => name === sample.name)?.rest
  return samples.map((sample) => ({ ...sample, cost: without(sample.cost, restOf(sample)) }))
}

function without(cost: Cost, rest: Rest | undefined): Cost {
  return rest ? minusRest(cost, rest) : cost
}

/** Adds up what a program uses while nobody asks anything of it. */
class RestMeter {
  readonly #contestant: Contestant
  readonly #used: CpuTimes = { ...silence }
  #ms = 0
  #before: CpuTimes = silence
  #since = 0

  constructor(contestant: Contestant) {
    this.#contestant = contestant
  }

  begin(): void {
    this.#before = this.#contestant.servers.cpu()
    this.#since = performance.now()
  }

  end(): void {
    const after = this.#contestant.servers.cpu()
    for (const part of parts) this.#used[part] += after[part] - this.#before[part]
    this.#ms += performance.now() - this.#since
  }

  get rest(): Rest {
    const each = (part: keyof CpuTimes) => (this.#ms === 0 ? 0 : this.#used[part] / this.#ms)
    return Object.fromEntries(parts.map((part) => [part, each(part)])) as Rest
  }
}

export function names(prefix: string, many: number): string[] {
  return Array.from({ length: many }, (_, i) => `${prefix}-${i}`)
}
