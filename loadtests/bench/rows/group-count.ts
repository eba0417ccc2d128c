import type { ConversationList } from '@earshot/protocol'
import { absentee, makeGroup, makePeople, membersOf, withoutLimits } from '../lib/groups.ts'
import { type Cost, measure } from '../lib/meter.ts'
import { Person } from '../lib/person.ts'
import { ratioTable } from '../lib/ratio-table.ts'
import type { Row } from '../lib/row.ts'
import { Servers } from '../lib/servers.ts'
import { count, counts } from '../lib/settings.ts'

const nodes = 2
const membersEach = 10

/** Coming online is what a member of many groups does most often. */
export const groupCount: Row = {
  name: 'group-count',
  asks: 'What does coming online cost a member of many groups?',
  async run(box) {
    const numbers = counts('GROUPS', [1, 10, 100])
    const times = count('TIMES', 30)
    const servers = await Servers.start(box, { nodes, env: withoutLimits })
    try {
      const absent = Array.from({ length: membersEach }, (_, i) => absentee(i))
      await makePeople(servers, absent)
      const costs = new Map<string, Map<string, Cost>>()
      // The first time is for the compilers.
      await box.reporter.step('Warming up', () => costsOf(servers, 'warm', 1, times))
      for (const number of numbers) {
        const measured = await box.reporter.step(`A member of ${number} groups`, () =>
          costsOf(servers, `of${number}`, number, times),
        )
        costs.set(`${number}`, measured)
      }
      return {
        ...ratioTable('groups:', costs),
        notes: [
          `ms of CPU time of all servers each time, and the ratio to the fewest groups; ${times} times.`,
          `Groups of ${membersEach}; ${nodes} nodes.`,
        ],
      }
    } finally {
      await servers.stop()
    }
  },
}

async function costsOf(
  servers: Servers,
  userId: string,
  groups: number,
  times: number,
): Promise<Map<string, Cost>> {
  const person = new Person(servers, userId)
  await makePeople(servers, [userId])
  const groupIds: string[] = []
  for (let i = 0; i < groups; i++)
    groupIds.push(await makeGroup(person, `group ${i}`, membersOf(membersEach, [userId])))
  const many = (work: (node: number) => Promise<unknown>) =>
    measure(servers, times, async () => {
      for (let i = 0; i < times; i++) await work(i % nodes)
    })
  const connect = await many(async (node) => (await person.connect(node)).close())
  const list = await many((node) => person.http<ConversationList>('GET', '/chat?limit=200', { node }))
  const device = await person.connect(0)
  const conversations = Object.fromEntries(groupIds.map((groupId) => [groupId, 0]))
  const sync = await many(() => device.send('sync', { conversations }))
  device.close()
  return new Map([
    ['connect', connect],
    ['conversation list', list],
    ['sync of all', sync],
  ])
}
