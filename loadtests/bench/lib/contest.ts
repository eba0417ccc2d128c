import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Toolbox } from '../../../infra/tools/toolbox.ts'
import { Crowd, type CrowdOptions } from './crowd/crowd.ts'
import { measureRest, type Rest } from './meter.ts'
import type { Program } from './programs.ts'
import { parts, Servers } from './servers.ts'

/** A program that runs, with the crowd that uses it. */
export interface Contestant {
  program: Program
  servers: Servers
  crowd: Crowd
  /** What it does anyway when its crowd is there and silent; nothing before that was measured. */
  rest: Rest
}

export const nodes = 2

/** The crowds share the machine with the servers: a client that answers a ping late is not gone. */
const patient = { PING_TIMEOUT_MS: '60000' }

const silence: Rest = { gateways: 0, worker: 0, redis: 0, database: 0 }
/** Until what a login leaves to do is done. */
const calmMs = 4_000
const restMs = 8_000

/**
 * Runs several programs side by side, each with servers and data of its own, so that they can be measured in turns: what
 * drifts on the machine drifts for all. Who is not measured does nothing but stay connected.
 */
export async function withContestants<T>(
  box: Toolbox,
  programs: readonly Program[],
  env: NodeJS.ProcessEnv,
  work: (contestants: Contestant[]) => Promise<T>,
): Promise<T> {
  const contestants: Contestant[] = []
  try {
    for (const program of programs) {
      const logDir = join(box.logDir, program)
      mkdirSync(logDir, { recursive: true })
      const servers = await Servers.start({ ...box, logDir }, { nodes, program, env: { ...patient, ...env } })
      contestants.push({ program, servers, crowd: new Crowd(servers), rest: silence })
    }
    return await work(contestants)
  } finally {
    for (const { crowd } of contestants) crowd.end()
    await Promise.all(contestants.map(({ servers }) => servers.stop()))
  }
}

/** Each one's crowd connects; then it is measured what each does anyway. */
export async function gather(
  box: Toolbox,
  contestants: readonly Contestant[],
  options: (contestant: Contestant) => CrowdOptions | Promise<CrowdOptions>,
): Promise<void> {
  for (const contestant of contestants) {
    const { userIds, ...more } = await options(contestant)
    await box.reporter.step(`${contestant.program}: ${userIds.length} connect`, () =>
      contestant.crowd.connect({ userIds, ...more }),
    )
  }
  await wait(calmMs)
  await box.reporter.step('Nobody speaks', () =>
    Promise.all(
      contestants.map(async (contestant) => {
        contestant.rest = await measureRest(contestant.servers, restMs)
      }),
    ),
  )
}

/** For the notes of a table: what was taken off. */
export function restNote(contestants: readonly Contestant[]): string {
  const percent = ({ rest }: Contestant) => parts.reduce((sum, part) => sum + rest[part], 0) / 10
  const each = contestants.map((one) => `${one.program} ${percent(one).toFixed(1)} %`)
  return `Without what each does anyway when nobody speaks, of one core: ${each.join(', ')}.`
}

/**
 * So many rounds after one for the compilers, which is thrown away; in each everybody in turn, beginning with another.
 */
export async function takeTurns(
  box: Toolbox,
  contestants: readonly Contestant[],
  rounds: number,
  turn: (contestant: Contestant, isMeasured: boolean) => Promise<void>,
): Promise<void> {
  for (let round = 0; round <= rounds; round++) {
    const first = round % contestants.length
    for (const contestant of [...contestants.slice(first), ...contestants.slice(0, first)]) {
      const what = `Round ${round} of ${rounds}: ${contestant.program}`
      await box.reporter.step(what, () => turn(contestant, round > 0))
    }
  }
}

export function names(prefix: string, many: number): string[] {
  return Array.from({ length: many }, (_, i) => `${prefix}-${i}`)
}
