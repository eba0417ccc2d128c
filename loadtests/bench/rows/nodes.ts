import { gather, names, restNote, takeTurns, withContestants } from '../lib/contest.ts'
import { costCells, costHeading, ratio, type Summary, summary } from '../lib/contest-table.ts'
import { type Goal, ratioGoal } from '../lib/goal.ts'
import type { Row } from '../lib/row.ts'
import { say } from '../lib/say.ts'
import { count, counts } from '../lib/settings.ts'
import { warmUp } from '../lib/warm-up.ts'

/** What is sent in so long may be under way. */
const unfinishedS = 0.5

/** What is asked of the nodes: so much of all together, or of each. */
interface Load {
  name: string
  perSecond: (nodes: number) => number
}

/** Messages of the same people, spread over more and more nodes. */
export const nodes: Row = {
  name: 'nodes',
  asks: 'Does a message cost more when there are more nodes?',
  isJudged: true,
  async run(box) {
    const people = count('PEOPLE', 1_000)
    const sizes = counts('NODE_COUNTS', [1, 2, 4])
    const rate = count('RATE', 2_000)
    const seconds = count('TALK_SECONDS', 6)
    const rounds = count('ROUNDS', 3)
    const loads: Load[] = [
      { name: `${rate} a second in whole`, perSecond: () => rate },
      { name: `${rate / 4} a second a node`, perSecond: (size) => (size * rate) / 4 },
    ]
    const entrants = (['earshot', 'relay'] as const).flatMap((program) =>
      sizes.map((size) => ({ name: nameOf(program, size), program, nodes: size })),
    )
    return withContestants(box, entrants, { PRESENCE_BROADCAST: 'false' }, async (contestants) => {
      await gather(box, contestants, () => ({ userIds: names('person', people) }))
      await warmUp(box, contestants)
      const measured: Measured[] = []
      for (const load of loads) {
        const samples = await takeTurns(box, contestants, rounds, async (one) => {
          const perSecond = load.perSecond(one.nodes)
          const messages = 2 * Math.ceil((perSecond * seconds) / 2)
          return [await say(one, { kind: 'text', messages, perSecond, unfinished: perSecond * unfinishedS })]
        })
        measured.push({ load, found: new Map(contestants.map(({ name }) => [name, summary(name, samples)])) })
      }
      return {
        heading: [
          'program',
          'asked',
          'held a second',
          ...costHeading,
          `to ${sizes[0]}`,
          'p50, ms',
          'p99, ms',
        ],
        lines: measured.flatMap((at) =>
          entrants.map(({ name, program, nodes: size }) => {
            const one = found(at, program, size)
            return [
              name,
              at.load.name,
              one.perSecond.toFixed(0),
              ...costCells(one),
              ratio(one.cpuUs, found(at, program, sizes[0] ?? 1).cpuUs),
              one.p50Ms.toFixed(0),
              one.p99Ms.toFixed(0),
            ]
          }),
        ),
        notes: [
          restNote(contestants),
          `µs of CPU time a delivered message, ${people} users in pairs across the nodes; median of ${rounds} rounds of ${seconds} s.`,
          'The same in whole: on more nodes each has fewer at a time, and its commits and publishes are shared by fewer. The same a node: what a cluster that grows with its load sees.',
        ],
        goals: measured.map(goalOf),
      }
    })
  },
}

interface Measured {
  load: Load
  found: Map<string, Summary>
}

function goalOf(at: Measured): Goal {
  return ratioGoal({
    what: `a message's cost on 4 nodes, ${at.load.name}`,
    against: { of: '2 nodes', value: found(at, 'earshot', 2).cpuUs },
    unit: 'µs',
    value: found(at, 'earshot', 4).cpuUs,
    most: 1.15,
    floor: { of: 'relay on 4', value: found(at, 'relay', 4).cpuUs },
  })
}

/** @throws {Error} when that many nodes were not among them */
function found({ found }: Measured, program: string, size: number): Summary {
  const one = found.get(nameOf(program, size))
  if (!one) throw new Error(`NODE_COUNTS has no ${size}`)
  return one
}

function nameOf(program: string, size: number): string {
  return `${program} on ${size}`
}
