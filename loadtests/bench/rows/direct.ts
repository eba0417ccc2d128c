import { nodes, restNote, takeTurns } from '../lib/contest.ts'
import { costCells, costHeading, ratio, type Summary, summary } from '../lib/contest-table.ts'
import { type Goal, ratioGoal } from '../lib/goal.ts'
import type { Row } from '../lib/row.ts'
import { say } from '../lib/say.ts'
import { count, counts } from '../lib/settings.ts'
import { type TalkFloor, talkFloor } from '../lib/talk-floor.ts'

/** A rate that cannot be held becomes the one that can: no more than what is sent in so long is under way. */
const unfinishedS = 0.5
/** One-by-one is not asked for more: it does not get there. */
const oneByOneMost = 1_000

/** At the lower rate, milliseconds. */
const mostP99Ms = 25

interface AtRate {
  rate: number
  found: Summary[]
}

/** Messages from one to another, at an even pace. */
export const direct: Row = {
  name: 'direct',
  asks: 'What does a one-to-one message cost, and how long is it on its way?',
  isJudged: true,
  hasTalkers: true,
  async run(box) {
    const { people } = box.talkers
    const rates = counts('RATES', [1_000, 4_000])
    const seconds = count('TALK_SECONDS', 6)
    const rounds = count('ROUNDS', 3)
    const contestants = await box.talkers.all()
    const measured: AtRate[] = []
    for (const rate of rates) {
      const able = contestants.filter(({ program }) => program !== 'one-by-one' || rate <= oneByOneMost)
      const order = {
        kind: 'text',
        messages: rate * seconds,
        perSecond: rate,
        unfinished: rate * unfinishedS,
      } as const
      const samples = await takeTurns(box, able, rounds, async (one) => [await say(one, order)])
      measured.push({ rate, found: able.map(({ name }) => summary(name, samples)) })
    }
    const floor = await box.reporter.step('Raw inserts', () => talkFloor(contestants))
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
      lines: measured.flatMap(linesOf),
      goals: measured.flatMap((at) => goalsOf(at, floor)),
      notes: [
        restNote(contestants),
        floor.note,
        `µs of CPU time a delivered message, ${nodes} nodes, ${people} users in pairs across them; median of ${rounds} rounds of ${seconds} s.`,
        `At most ${unfinishedS} s of messages are under way: a rate that cannot be held falls to the one that can.`,
        'Latency from sending to having, in the clients, which share the machine with the servers and with what else it does.',
      ],
    }
  },
}

function linesOf({ rate, found }: AtRate): string[][] {
  const of = (name: string) => found.find((one) => one.name === name)
  const plain = of('plain')
  return found.map((one) => [
    one.name,
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

/** Where one-by-one keeps up the goal is to be better than it, beyond that to come close to what stores nothing. */
function goalsOf({ rate, found }: AtRate, floor: TalkFloor): Goal[] {
  const of = (name: string) => found.find((one) => one.name === name)
  const [own, plain, oneByOne, relay] = ['earshot', 'plain', 'one-by-one', 'relay'].map(of)
  if (!own || !plain) return []
  const what = `one-to-one, ${rate} a second`
  const unit = 'µs'
  if (oneByOne) {
    const against = { of: 'one-by-one', value: oneByOne.cpuUs }
    const goal = ratioGoal({
      what,
      against,
      unit,
      value: own.cpuUs,
      most: 0.6,
      floor: floor.relayAndInsert(relay),
    })
    return [
      {
        ...goal,
        against: `${goal.against}, p99 ${oneByOne.p99Ms.toFixed(0)} ms`,
        toReach: `${goal.toReach}, p99 ≤ ${mostP99Ms} ms`,
        figure: `${goal.figure}, p99 ${own.p99Ms.toFixed(0)} ms`,
        isReached: goal.isReached && own.p99Ms <= mostP99Ms,
      },
    ]
  }
  const against = { of: 'plain', value: plain.cpuUs }
  const without = own.cpuUs - own.databaseUs
  return [
    ratioGoal({ what, against, unit, value: own.cpuUs, most: 1.6, floor: floor.relayAndInsert(relay) }),
    ratioGoal({
      what: `${what}, without the database server`,
      against,
      unit,
      value: without,
      most: 1.15,
      floor: floor.relay(relay),
    }),
  ]
}
