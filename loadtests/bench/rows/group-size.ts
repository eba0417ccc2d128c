import { setTimeout as wait } from 'node:timers/promises'
import { absentee, makeGroup, makePeople, membersOf, withoutLimits } from '../lib/groups.ts'
import { type Cost, measure } from '../lib/meter.ts'
import { type Device, Person } from '../lib/person.ts'
import type { Row, Table } from '../lib/row.ts'
import { type Part, parts, Servers } from '../lib/servers.ts'
import { count, counts } from '../lib/settings.ts'
import { median, range } from '../lib/stats.ts'

/** Ten people with ten sockets each: as many sockets as a group of ten can have, and the same in every group. */
const people = 10
const socketsEach = 10
const nodes = 2

interface Candidate {
  label: string
  groupId: string
  costs: Cost[]
}

/** What a message to a group costs must follow the sockets that hear it, not the members who are away. */
export const groupSize: Row = {
  name: 'group-size',
  asks: 'Does a message to a group cost more when the group has more members, the same sockets hearing it?',
  async run(box) {
    const sizes = counts('SIZES', [10, 100, 1_000, 5_000])
    const messages = count('MESSAGES', 300)
    const rounds = count('ROUNDS', 3)
    const servers = await Servers.start(box, { nodes, env: withoutLimits })
    try {
      const onlineIds = Array.from({ length: people }, (_, i) => `online-${i}`)
      const absent = Array.from({ length: Math.max(...sizes) - people }, (_, i) => absentee(i))
      await box.reporter.step('Making people', () => makePeople(servers, [...onlineIds, ...absent]))
      const candidates = await box.reporter.step('Making groups', () => makeGroups(servers, sizes, onlineIds))
      const devices = await connectAll(servers, onlineIds)
      for (let round = 0; round <= rounds; round++) {
        // Each in turn, beginning with another: whatever drifts, drifts for all.
        const first = round % candidates.length
        const inTurn = [...candidates.slice(first), ...candidates.slice(0, first)]
        await box.reporter.step(`Round ${round} of ${rounds}`, async () => {
          for (const candidate of inTurn) {
            const cost = await talk(servers, devices, candidate.groupId, messages)
            // The first round is for the compilers.
            if (round > 0) candidate.costs.push(cost)
          }
        })
      }
      for (const device of devices) device.close()
      return tableOf(candidates, devices.length, messages, rounds)
    } finally {
      await servers.stop()
    }
  },
}

/** The smallest size twice: how far the two are apart is what the measurement cannot tell. */
async function makeGroups(servers: Servers, sizes: number[], onlineIds: string[]): Promise<Candidate[]> {
  const owner = new Person(servers, onlineIds[0] ?? '')
  const [smallest = people, ...larger] = sizes
  const made: Candidate[] = []
  for (const [label, size] of [
    [`${smallest}`, smallest],
    [`${smallest} again`, smallest],
    ...larger.map((size) => [`${size}`, size] as const),
  ] as const) {
    made.push({ label, groupId: await makeGroup(owner, label, membersOf(size, onlineIds)), costs: [] })
  }
  return made
}

async function connectAll(servers: Servers, onlineIds: string[]): Promise<Device[]> {
  const devices: Device[] = []
  for (const userId of onlineIds) {
    const person = new Person(servers, userId)
    for (let i = 0; i < socketsEach; i++) devices.push(await person.connect(i % nodes))
  }
  return devices
}

/** Messages at an even pace, from every socket in turn, until every socket has heard all of them. */
function talk(servers: Servers, devices: Device[], groupId: string, messages: number): Promise<Cost> {
  const everyMs = 1_000 / count('RATE', 60)
  const heardBefore = devices.map((device) => device.heard('new_group_message'))
  return measure(servers, messages, async () => {
    const startedAt = performance.now()
    const acks: Promise<unknown>[] = []
    for (let i = 0; i < messages; i++) {
      const dueInMs = startedAt + i * everyMs - performance.now()
      if (dueInMs > 0) await wait(dueInMs)
      const content = `message ${i} of a group whose members are mostly away`
      const sender = devices[i % devices.length]
      if (sender) acks.push(sender.send('group_message', { groupId, messageType: 'text', content }))
    }
    await Promise.all(acks)
    await Promise.all(
      devices.map((device, i) => device.hears('new_group_message', (heardBefore[i] ?? 0) + messages)),
    )
  })
}

function tableOf(candidates: Candidate[], sockets: number, messages: number, rounds: number): Table {
  const middle = ({ costs }: Candidate, part?: Part) =>
    median(costs.map((cost) => (part ? cost.parts[part] : cost.cpuUs)))
  const base = candidates[0]
  if (!base) throw new Error('no group was measured')
  const baseUs = middle(base)
  const lines = candidates.map((candidate) => {
    const [low, high] = range(candidate.costs.map(({ cpuUs }) => cpuUs))
    return [
      candidate.label,
      ...parts.map((part) => middle(candidate, part).toFixed(0)),
      middle(candidate).toFixed(0),
      `${low.toFixed(0)} … ${high.toFixed(0)}`,
      (middle(candidate) / baseUs).toFixed(2),
    ]
  })
  return {
    heading: ['members', ...parts, 'all', 'lowest … highest', 'ratio'],
    lines,
    notes: [
      `µs of CPU time a message, median of ${rounds} rounds of ${messages} messages each; ${nodes} nodes.`,
      `In every group the same ${people} members are online, with ${sockets} sockets: ${sockets} deliveries a message.`,
      'The ratio is to the first line; the second measures the same once more.',
    ],
  }
}
