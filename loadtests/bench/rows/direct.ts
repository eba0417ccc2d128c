import { setTimeout as wait } from 'node:timers/promises'
import {
  type Contestant,
  gather,
  names,
  nodes,
  restNote,
  takeTurns,
  withContestants,
} from '../lib/contest.ts'
import { checkWhole, costCells, costHeading, ratio, type Sample, summary } from '../lib/contest-table.ts'
import type { Talked } from '../lib/crowd/orders.ts'
import { measure } from '../lib/meter.ts'
import type { Row } from '../lib/row.ts'
import { count, counts } from '../lib/settings.ts'

/** What the worker still carries to MongoDB, of what was said, belongs to it. */
export const settleMs = 1_500
/** A rate that cannot be held becomes the one that can: no more than what is sent in so long is under way. */
const unfinishedS = 0.5
/** One-by-one is not asked for more: it does not get there. */
const oneByOneMost = 1_000

/** Messages from one to another, at an even pace. */
export const direct: Row = {
  name: 'direct',
  asks: 'What does a one-to-one message cost, and how long is it on its way?',
  async run(box) {
    const people = count('PEOPLE', 1_000)
    const rates = counts('RATES', [1_000, 4_000])
    const seconds = count('TALK_SECONDS', 6)
    const rounds = count('ROUNDS', 3)
    const quiet = { PRESENCE_BROADCAST: 'false' }
    return withContestants(box, ['one-by-one', 'plain', 'earshot'], quiet, async (contestants) => {
      await gather(box, contestants, () => ({ userIds: names('person', people) }))
      const lines: string[][] = []
      for (const rate of rates) {
        const able = contestants.filter(({ program }) => program !== 'one-by-one' || rate <= oneByOneMost)
        const samples: Sample[] = []
        await takeTurns(box, able, rounds, async (contestant, isMeasured) => {
          const sample = await talk(contestant, rate, seconds)
          if (isMeasured) samples.push(sample)
        })
        lines.push(...linesOf(able, samples, rate))
      }
      return {
        heading: [
          'program',
          'asked /s',
          'held /s',
          ...costHeading,
          'to one-by-one',
          'to plain',
          'without database, to plain',
          'p50, ms',
          'p99, ms',
        ],
        lines,
        notes: [
          restNote(contestants),
          `µs of CPU time a delivered message, ${nodes} nodes, ${people} users in pairs across them; median of ${rounds} rounds of ${seconds} s.`,
          `At most ${unfinishedS} s of messages are under way: a rate that cannot be held falls to the one that can.`,
          'Latency from sending to having, in the clients, which share the machine with the servers and with what else it does.',
        ],
      }
    })
  },
}

async function talk(
  { program, servers, crowd, rest }: Contestant,
  perSecond: number,
  seconds: number,
): Promise<Sample> {
  let talked: Talked | undefined
  const messages = perSecond * seconds
  const order = { kind: 'text', messages, perSecond, unfinished: perSecond * unfinishedS } as const
  const work = async () => {
    talked = await crowd.talk(order)
    await wait(settleMs)
  }
  const cost = await measure(servers, messages, work, rest)
  if (!talked) throw new Error('nothing was said')
  checkWhole(talked)
  return { program, cost, talked }
}

function linesOf(contestants: readonly Contestant[], samples: readonly Sample[], rate: number): string[][] {
  const found = contestants.map(({ program }) => summary(program, samples))
  const of = (program: string) => found.find((one) => one.program === program)
  const plain = of('plain')
  return found.map((one) => [
    one.program,
    String(rate),
    one.perSecond.toFixed(0),
    ...costCells(one),
    ratio(one.cpuUs, of('one-by-one')?.cpuUs),
    ratio(one.cpuUs, plain?.cpuUs),
    ratio(one.cpuUs - one.databaseUs, plain?.cpuUs),
    one.p50Ms.toFixed(0),
    one.p99Ms.toFixed(0),
  ])
}
