import { setTimeout as wait } from 'node:timers/promises'
import { type Contestant, names, nodes, withContestants } from '../lib/contest.ts'
import { ratio } from '../lib/contest-table.ts'
import { ratioGoal } from '../lib/goal.ts'
import { type Cost, measureRest } from '../lib/meter.ts'
import type { Row } from '../lib/row.ts'
import { parts } from '../lib/servers.ts'
import { count } from '../lib/settings.ts'

/** What a login leaves to do is done: the worker's intervals, and MongoDB's writes. */
const settleMs = 4_000
const restMs = 6_000
/** Between hanging up and coming again: longer than the grace for lost connections. */
const awayMs = 8_000
/** For the compilers: storms of this size come before. */
const warmers = 500

const firstTime = 'for the first time'
const again = 'again'

interface Storm {
  contestant: Contestant
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
    const quiet = { PRESENCE_BROADCAST: 'false' }
    return withContestants(box, ['plain', 'earshot', 'relay'], quiet, async (contestants) => {
      const storms: Storm[] = []
      const storm = (contestant: Contestant, what: string, userIds: string[]) =>
        box.reporter.step(`${contestant.name}: ${what}`, () => come(contestant, what, userIds, atOnce))
      for (const contestant of contestants) {
        await storm(contestant, 'warming up', names('warm', warmers))
        await storm(contestant, 'warming up', names('warm', warmers))
        storms.push(await storm(contestant, firstTime, names('person', sockets)))
        storms.push(await storm(contestant, again, names('person', sockets)))
      }
      const of = (name: string, what: string) =>
        storms.find((one) => one.contestant.name === name && one.what === what)?.cost.cpuUs ?? Number.NaN
      return {
        heading: ['program', 'they come', ...parts, 'all', 'to plain', 'all there after, s'],
        lines: storms.map(({ contestant, what, cost, seconds }) => [
          contestant.name,
          what,
          ...parts.map((part) => cost.parts[part].toFixed(0)),
          cost.cpuUs.toFixed(0),
          ratio(cost.cpuUs, of('plain', what)),
          seconds.toFixed(1),
        ]),
        notes: [
          `µs of CPU time a connection: ${sockets} users with a socket each on ${nodes} nodes, ${atOnce} connecting at any time. Without what keeping them costs.`,
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
  const { servers, crowd } = contestant
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
  await wait(awayMs)
  const cost = { parts: costs, cpuUs: parts.reduce((sum, part) => sum + costs[part], 0), ms: elapsedMs }
  return { contestant, what, cost, seconds: elapsedMs / 1_000 }
}
