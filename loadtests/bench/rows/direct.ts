import {
  type Contestant,
  gather,
  names,
  nodes,
  restNote,
  takeTurns,
  withContestants,
} from '../lib/contest.ts'
import { costCells, costHeading, ratio, type Sample, summary } from '../lib/contest-table.ts'
import type { Row } from '../lib/row.ts'
import { say } from '../lib/say.ts'
import { count, counts } from '../lib/settings.ts'

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
        const order = {
          kind: 'text',
          messages: rate * seconds,
          perSecond: rate,
          unfinished: rate * unfinishedS,
        } as const
        const samples = await takeTurns(box, able, rounds, async (one) => [await say(one, order)])
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
