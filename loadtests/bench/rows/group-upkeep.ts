import { absentee, makeGroup, makePeople, membersOf, withoutLimits } from '../lib/groups.ts'
import { type Cost, measure } from '../lib/meter.ts'
import { type Device, Person } from '../lib/person.ts'
import { ratioTable } from '../lib/ratio-table.ts'
import type { Row } from '../lib/row.ts'
import { Servers } from '../lib/servers.ts'
import { count, counts } from '../lib/settings.ts'

const nodes = 2
const online = 10
/** Of each size; their members have them all in the conversation list. */
const groupsEach = 3
/** So many messages are in the history before it is read. */
const saidBefore = 20

/** Groups of one size, and people who are in no others. */
interface Case {
  size: number
  people: Person[]
  devices: Device[]
  groupIds: string[]
  costs: Map<string, Cost>
}

/** What is done about a group beside writing to it. */
export const groupUpkeep: Row = {
  name: 'group-upkeep',
  asks: 'What grows with the members of a group, beside its messages?',
  async run(box) {
    const sizes = counts('SIZES', [10, 100, 1_000, 5_000])
    const times = count('TIMES', 30)
    const servers = await Servers.start(box, { nodes, env: withoutLimits })
    const { reporter } = box
    try {
      const absent = Array.from({ length: Math.max(...sizes) + times }, (_, i) => absentee(i))
      await reporter.step('Making people', () => makePeople(servers, absent))
      // The first time is for the compilers.
      await reporter.step('Warming up', async () => {
        const warm = await create(servers, Math.min(...sizes), 'warm')
        await upkeep(servers, warm, times)
        await dissolve(servers, warm)
      })
      // All groups are there while each is measured: only its own size differs.
      const cases: Case[] = []
      for (const size of sizes) {
        cases.push(await reporter.step(`Making groups of ${size}`, () => create(servers, size, `of-${size}`)))
      }
      for (const each of cases)
        await reporter.step(`Groups of ${each.size}`, () => upkeep(servers, each, times))
      for (const each of cases) await dissolve(servers, each)
      return {
        ...ratioTable('members:', new Map(cases.map(({ size, costs }) => [`${size}`, costs]))),
        notes: [
          `ms of CPU time of all servers each time, and the ratio to the smallest group; ${times} times (create and delete: ${groupsEach}).`,
          `${nodes} nodes, ${online} members online. By nature grow: to create, to delete, and what answers with all members.`,
        ],
      }
    } finally {
      await servers.stop()
    }
  },
}

async function create(servers: Servers, size: number, prefix: string): Promise<Case> {
  const ids = Array.from({ length: online }, (_, i) => `${prefix}-online-${i}`)
  await makePeople(servers, ids)
  const people = ids.map((userId) => new Person(servers, userId))
  const devices = await Promise.all(people.map((person, i) => person.connect(i % nodes)))
  const groupIds: string[] = []
  const cost = await measure(servers, groupsEach, async () => {
    for (let i = 0; i < groupsEach; i++) {
      groupIds.push(await makeGroup(first(people), `${prefix}-${i}`, membersOf(size, ids)))
    }
    await Promise.all(devices.map((device) => device.hears('group_created', groupsEach)))
  })
  return { size, people, devices, groupIds, costs: new Map([['create', cost]]) }
}

async function upkeep(servers: Servers, { size, people, devices, groupIds, costs }: Case, times: number) {
  const owner = first(people)
  const member = first(people.slice(1))
  const ownersDevice = first(devices)
  const others = devices.slice(1)
  const groupId = first(groupIds)
  const path = `/group/${groupId}`
  const text = { groupId, messageType: 'text', content: 'said' }
  const note = async (what: string, work: (i: number, node: number) => Promise<unknown>) => {
    const cost = await measure(servers, times, async () => {
      for (let i = 0; i < times; i++) await work(i, i % nodes)
    })
    costs.set(what, cost)
  }
  const memberPath = (i: number) => `${path}/members/${absentee(size + i)}`

  await note('add a member', (i, node) => owner.http('PUT', memberPath(i), { node, json: {} }))
  await note('remove a member', (i, node) => owner.http('DELETE', memberPath(i), { node }))
  for (let i = 0; i < saidBefore; i++) await ownersDevice.send('group_message', text)
  await note('typing', async (i) => {
    const device = first(others)
    const before = device.heard('user_typing')
    await ownersDevice.send('typing', { groupId, isTyping: i % 2 === 0 })
    await device.hears('user_typing', before + 1)
  })
  await note('read by all online', async () => {
    const { seq } = await ownersDevice.send('group_message', text)
    await Promise.all(others.map((device) => readUpTo(device, groupId, seq)))
  })
  await note('history, own messages', (_, node) =>
    owner.http('GET', `/chat/${groupId}/messages?limit=20`, { node }),
  )
  await note('sync, own messages', () => ownersDevice.send('sync', { conversations: { [groupId]: 0 } }))
  await note('conversation list', (_, node) => member.http('GET', '/chat', { node }))
  await note('connect', async (_, node) => (await member.connect(node)).close())
  await note('rename, answered with all members', (i, node) =>
    owner.http('PATCH', path, { node, json: { name: `name ${i}` } }),
  )
  await note('the group with all members', (_, node) => member.http('GET', path, { node }))
}

async function dissolve(servers: Servers, { people, devices, groupIds, costs }: Case): Promise<void> {
  const device = first(devices.slice(1))
  const before = device.heard('group_updated')
  const cost = await measure(servers, groupIds.length, async () => {
    for (const id of groupIds) await first(people).http('DELETE', `/group/${id}`)
    await device.hears('group_updated', before + groupIds.length)
  })
  costs.set('delete', cost)
  for (const each of devices) each.close()
}

/** Resolves when the mark was told: to one's own devices too, and of those who write nothing they hear no other. */
async function readUpTo(device: Device, conversationId: string, seq: number): Promise<void> {
  const before = device.heard('message_status_changed')
  await device.send('message_read', { conversationId, seq })
  await device.hears('message_status_changed', before + 1)
}

function first<T>(items: readonly T[]): T {
  const [item] = items
  if (item === undefined) throw new RangeError('the first of none')
  return item
}
