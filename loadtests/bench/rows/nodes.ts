import { gather, names, restNote, takeTurns, withContestants } from '../lib/contest.ts'
import { costCells, costHeading, ratio, type Summary, summary } from '../lib/contest-table.ts'
import { ratioGoal } from '../lib/goal.ts'
import type { Row } from '../lib/row.ts'
import { say } from '../lib/say.ts'
import { count, counts } from '../lib/settings.ts'
import { warmUp } from '../lib/warm-up.ts'

/** What is sent in so long may be under way. */
const unfinishedS = 0.5

/** The same messages of the same people, spread over more and more nodes. */
export const nodes: Row = {
  name: 'nodes',
  asks: 'Does a message cost more when there are more nodes?',
  isJudged: true,
  async run(box) {
    const people = count('PEOPLE', 1_000)
    const sizes = counts('NODE_COUNTS', [1, 2, 4])
    const [perSecond = 0] = counts('RATE', [2_000])
    const seconds = count('TALK_SECONDS', 6)
    const rounds = count('ROUNDS', 3)
    const entrants = (['earshot', 'relay'] as const).flatMap((program) =>
      sizes.map((size) => ({ name: nameOf(program, size), program, nodes: size })),
    )
    return withContestants(box, entrants, { PRESENCE_BROADCAST: 'false' }, async (contestants) => {
      await gather(box, contestants, () => ({ userIds: names('person', people) }))
      await warmUp(box, contestants)
      const order = {
        kind: 'text',
        messages: perSecond * seconds,
        perSecond,
        unfinished: perSecond * unfinishedS,
      } as const
      const samples = await takeTurns(box, contestants, rounds, async (one) => [await say(one, order)])
      const found = new Map(contestants.map(({ name }) => [name, summary(name, samples)]))
      const of = (program: string, size: number): Summary => {
        const one = found.get(nameOf(program, size))
        if (!one) throw new Error(`NODE_COUNTS has no ${size}`)
        return one
      }
      const [least = 1] = sizes
      return {
        heading: ['program', 'held a second', ...costHeading, `to ${least}`, 'p50, ms', 'p99, ms'],
        lines: entrants.map(({ program, nodes: size }) => {
          const one = of(program, size)
          return [
            one.name,
            one.perSecond.toFixed(0),
            ...costCells(one),
            ratio(one.cpuUs, of(program, least).cpuUs),
            one.p50Ms.toFixed(0),
            one.p99Ms.toFixed(0),
          ]
        }),
        notes: [
          restNote(contestants),
          `µs of CPU time a delivered message, ${perSecond} a second in whole, ${people} users in pairs across the nodes; median of ${rounds} rounds of ${seconds} s.`,
          'The same messages for all: on more nodes each has fewer at a time, and its commits and publishes are shared by fewer.',
        ],
        goals: [
          ratioGoal({
            what: "a message's cost on 4 nodes",
            against: { of: '2 nodes', value: of('earshot', 2).cpuUs },
            unit: 'µs',
            value: of('earshot', 4).cpuUs,
            most: 1.15,
            floor: { of: 'relay on 4', value: of('relay', 4).cpuUs },
          }),
        ],
      }
    })
  },
}

function nameOf(program: string, size: number): string {
  return `${program} on ${size}`
}
