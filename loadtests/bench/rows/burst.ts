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
import type { Row, Table } from '../lib/row.ts'
import { say } from '../lib/say.ts'
import { count } from '../lib/settings.ts'

/** All at once: what waits for what is then seen at its longest. */
export const burst: Row = {
  name: 'burst',
  asks: 'How long does it take until everything has arrived and is acknowledged that was sent at once?',
  async run(box) {
    const people = count('PEOPLE', 1_000)
    const messages = count('MESSAGES', 10_000)
    const rounds = count('ROUNDS', 3)
    const quiet = { PRESENCE_BROADCAST: 'false' }
    return withContestants(box, ['one-by-one', 'plain', 'earshot'], quiet, async (contestants) => {
      await gather(box, contestants, () => ({ userIds: names('person', people) }))
      const order = { kind: 'text', messages } as const
      const samples = await takeTurns(box, contestants, rounds, async (one) => [await say(one, order)])
      return tableOf(contestants, samples, { people, messages, rounds })
    })
  },
}

function tableOf(
  contestants: readonly Contestant[],
  samples: readonly Sample[],
  { people, messages, rounds }: { people: number; messages: number; rounds: number },
): Table {
  const found = contestants.map(({ program }) => summary(program, samples))
  const plain = found.find(({ program }) => program === 'plain')
  return {
    heading: ['program', 'all there after, s', 'to plain', 'p50, ms', ...costHeading, 'to plain'],
    lines: found.map((one) => [
      one.program,
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
    ],
  }
}
