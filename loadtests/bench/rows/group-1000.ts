import {
  type Contestant,
  gather,
  names,
  nodes,
  restNote,
  takeTurns,
  withContestants,
} from '../lib/contest.ts'
import { costCells, costHeading, ratio, summary } from '../lib/contest-table.ts'
import { ratioGoal } from '../lib/goal.ts'
import { makeGroup, makePeople } from '../lib/groups.ts'
import { Person } from '../lib/person.ts'
import type { Row } from '../lib/row.ts'
import { say } from '../lib/say.ts'
import { count } from '../lib/settings.ts'

/** For programs that take a group's name from whoever connects. */
const roomName = 'everybody'
/** So many messages may wait for their ack: each is a delivery to every member. */
const unfinished = 4

/** A group in which everybody is there. */
export const group1000: Row = {
  name: 'group-1000',
  asks: 'How many deliveries does a second of CPU time give in a large group whose members are all online?',
  isJudged: true,
  async run(box) {
    const members = count('PEOPLE', 1_000)
    const messages = count('MESSAGES', 60)
    const rounds = count('ROUNDS', 3)
    const quiet = { PRESENCE_BROADCAST: 'false' }
    return withContestants(box, ['plain', 'earshot', 'relay'], quiet, async (contestants) => {
      const userIds = names('person', members)
      const groups = new Map<Contestant, string>()
      await gather(box, contestants, async (contestant) => {
        groups.set(contestant, await groupOf(contestant, userIds))
        return { userIds, groupIds: [roomName] }
      })
      const samples = await takeTurns(box, contestants, rounds, async (one) => {
        const groupId = groups.get(one) ?? ''
        const order = { kind: 'group', groupId, messages, unfinished } as const
        const sample = await say(one, order, messages * members)
        // There is no one latency of a message that a thousand hear.
        return [{ ...sample, talked: { ...sample.talked, latenciesMs: new Float64Array([Number.NaN]) } }]
      })
      const found = contestants.map(({ name }) => summary(name, samples))
      const perSecond = (cpuUs: number) => (1e6 * members) / cpuUs
      const [plain, own, relay] = found
      if (!plain || !own || !relay) throw new Error('nothing was measured')
      return {
        heading: ['program', 'deliveries a CPU second', 'to plain', ...costHeading],
        lines: found.map((one) => [
          one.name,
          perSecond(one.cpuUs).toFixed(0),
          ratio(perSecond(one.cpuUs), perSecond(plain.cpuUs)),
          ...costCells(one),
        ]),
        notes: [
          `One group, ${members} members with a socket each on ${nodes} nodes: ${members} deliveries a message; µs of CPU time a message, median of ${rounds} rounds of ${messages}.`,
          restNote(contestants),
        ],
        goals: [
          ratioGoal({
            what: `group of ${members} on ${nodes} nodes, deliveries a CPU second`,
            against: { of: 'plain', value: perSecond(plain.cpuUs) },
            unit: 'a second',
            value: perSecond(own.cpuUs),
            least: 1,
            floor: { of: 'relay', value: perSecond(relay.cpuUs) },
          }),
        ],
      }
    })
  },
}

async function groupOf({ program, servers }: Contestant, userIds: string[]): Promise<string> {
  if (program !== 'earshot') return roomName
  await makePeople(servers, userIds)
  return makeGroup(new Person(servers, userIds[0] ?? ''), 'everybody', userIds)
}
