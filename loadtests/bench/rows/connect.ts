import { setTimeout as wait } from 'node:timers/promises'
import { type Contestant, names, nodes, withContestants } from '../lib/contest.ts'
import { ratio } from '../lib/contest-table.ts'
import { ratioGoal } from '../lib/goal.ts'
import { type Cost, measureRest } from '../lib/meter.ts'
import type { Row } from '../lib/row.ts'
import { parts } from '../lib/servers.ts'
import { count } from '../lib/settings.ts'
import { median } from '../lib/stats.ts'

/** What a login leaves to do is done: the worker's intervals, and MongoDB's writes. */
const settleMs = 4_000
const restMs = 5_000
/** For the compilers: storms of this size come before. */
const warmers = 500
const warmUps = 2

const firstTime = 'for the first time'
const again = 'again'

interface Storm {
  /** The contestant's. */
  name: string
  what: string
  cost: Cost
  seconds: number
}

/** Everybody at once: those whom nobody knew before, then, having gone, the same again. */
export const connect: Row = {
  name: 'connect',
  asks: 'What does it cost to let in a storm of connections, token and all?',
  isJudged: true,
  async run(box) {
    const sockets = count('SOCKETS', 5_000)
    const atOnce = count('AT_ONCE', 500)
    const rounds = count('ROUNDS', 2)
    const quiet = { PRESENCE_BROADCAST: 'false' }
    // Between hanging up and coming again it is the others' turn: longer than the grace for lost connections.
    return withContestants(box, ['earshot', 'plain', 'relay'], quiet, async (contestants) => {
      const storms: Storm[] = []
      const turns = async (what: string, storm: (contestant: Contestant) => Promise<void>) => {
        for (const one of contestants) await box.reporter.step(`${one.name}: ${what}`, () => storm(one))
      }
      for (let i = 0; i < warmUps; i++) {
        await turns('warming up', async ({ crowd }) => {
          await crowd.connect({ userIds: names('warm', warmers), atOnce })
          await crowd.disconnect()
        })
      }
      for (let round = 1; round <= rounds; round++) {
        for (const what of [firstTime, again]) {
          await turns(what, async (one) => {
            storms.push(await come(one, what, names(`round-${round}`, sockets), atOnce))
          })
        }
      }
      const found = Map.groupBy(storms, ({ name, what }) => `${name}, ${what}`)
      const middle = (name: string, what: string, figure: (storm: Storm) => number) =>
        median((found.get(`${name}, ${what}`) ?? []).map(figure))
      const of = (name: string, what: string) => middle(name, what, ({ cost }) => cost.cpuUs)
      return {
        heading: ['program', 'they come', ...parts, 'all', 'to plain', 'all there after, s'],
        lines: [firstTime, again].flatMap((what) =>
          contestants.map(({ name }) => [
            name,
            what,
            ...parts.map((part) => middle(name, what, ({ cost }) => cost.parts[part]).toFixed(0)),
            of(name, what).toFixed(0),
            ratio(of(name, what), of('plain', what)),
            middle(name, what, ({ seconds }) => seconds).toFixed(1),
          ]),
        ),
        notes: [
          `µs of CPU time a connection: ${sockets} users with a socket each on ${nodes} nodes, ${atOnce} connecting at any time; median of ${rounds} rounds. Without what keeping them costs.`,
          'For the first time: each becomes known to the system. Nobody is told of anybody (presence-logins measures that).',
        ],
        goals: [again, firstTime].map((what) =>
          ratioGoal({
            what: `connect and authenticate, storm of ${sockets}, ${what}`,
            against: { of: 'plain', value: of('plain', what) },
            unit: 'µs',
            value: of('earshot', what),
            most: 1.3,
            floor: { of: 'relay', value: of('relay', what) },
          }),
        ),
      }
    })
  },
}

async function come(contestant: Contestant, what: string, userIds: string[], atOnce: number): Promise<Storm> {
  const { name, servers, crowd } = contestant
  let elapsedMs = 0
  const before = servers.cpu()
  const startedAt = performance.now()
  await crowd.connect({ userIds, atOnce })
  elapsedMs = performance.now() - startedAt
  await wait(settleMs)
  const after = servers.cpu()
  const measuredMs = performance.now() - startedAt
  const rest = await measureRest(servers, restMs)
  const each = (part: (typeof parts)[number]) =>
    (after[part] - before[part] - rest[part] * measuredMs) / userIds.length
  const costs = Object.fromEntries(parts.map((part) => [part, each(part)])) as Cost['parts']
  await crowd.disconnect()
  const cost = { parts: costs, cpuUs: parts.reduce((sum, part) => sum + costs[part], 0), ms: elapsedMs }
  return { name, what, cost, seconds: elapsedMs / 1_000 }
}
