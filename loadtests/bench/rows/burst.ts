import { type Contestant, nodes, restNote, takeTurns } from '../lib/contest.ts'
import { costCells, costHeading, ratio, type Sample, summary } from '../lib/contest-table.ts'
import { ratioGoal } from '../lib/goal.ts'
import type { Row, Table } from '../lib/row.ts'
import { say } from '../lib/say.ts'
import { count } from '../lib/settings.ts'
import { type TalkFloor, talkFloor } from '../lib/talk-floor.ts'

/** All at once: what waits for what is then seen at its longest. */
export const burst: Row = {
  name: 'burst',
  asks: 'How long does it take until everything has arrived and is acknowledged that was sent at once?',
  isJudged: true,
  hasTalkers: true,
  async run(box) {
    const messages = count('MESSAGES', 10_000)
    const rounds = count('ROUNDS', 3)
    const contestants = await box.talkers.all()
    const order = { kind: 'text', messages } as const
    const samples = await takeTurns(box, contestants, rounds, async (one) => [await say(one, order)])
    const floor = await box.reporter.step('Raw inserts', () => talkFloor(contestants))
    return tableOf(contestants, samples, floor, { people: box.talkers.people, messages, rounds })
  },
}

function tableOf(
  contestants: readonly Contestant[],
  samples: readonly Sample[],
  floor: TalkFloor,
  { people, messages, rounds }: { people: number; messages: number; rounds: number },
): Table {
  const found = contestants.map(({ name }) => summary(name, samples))
  const of = (name: string) => found.find((one) => one.name === name)
  const plain = of('plain')
  return {
    heading: ['program', 'all there after, s', 'to plain', 'p50, ms', ...costHeading, 'to plain'],
    lines: found.map((one) => [
      one.name,
      (one.elapsedMs / 1_000).toFixed(2),
      ratio(one.elapsedMs, plain?.elapsedMs),
      one.p50Ms.toFixed(0),
      ...costCells(one),
      ratio(one.cpuUs, plain?.cpuUs),
    ]),
    notes: [
      `${messages} messages of ${people} users in pairs across ${nodes} nodes, all sent before the first has arrived; median of ${rounds} rounds.`,
      'Seconds depend on what else the machine does; µs of CPU time a message much less.',
      restNote(contestants),
      floor.note,
    ],
    goals: [
      ratioGoal({
        what: `burst of ${messages} in flight, all delivered and acknowledged`,
        against: { of: 'plain', value: (plain?.elapsedMs ?? 0) / 1_000 },
        unit: 's',
        digits: 2,
        value: (of('earshot')?.elapsedMs ?? 0) / 1_000,
        most: 1.3,
        floor: {
          of: 'relay, then insert',
          value: ((of('relay')?.elapsedMs ?? 0) + floor.inserted.elapsedMs) / 1_000,
        },
      }),
    ],
  }
}
