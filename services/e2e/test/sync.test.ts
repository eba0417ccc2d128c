import type { Group, HistoryPage, SyncAck } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { Gate } from '../src/gate.ts'
import type { TestClient } from '../src/test-client.ts'

type Position = { seq: number; changeSeq: number }

async function group(owner: TestClient, ...others: TestClient[]): Promise<string> {
  const members = others.map(({ userId }) => userId)
  const created = await owner.http('/group', { method: 'POST', json: { name: 'G', members } })
  const { _id } = (await created.json()) as Group
  await Promise.all(others.map((other) => other.hears('group_created', (group) => group._id === _id)))
  return _id
}

/** Asks on from where the answers end, as a client does; fails when that leads nowhere. */
async function syncAll(client: TestClient, start: Record<string, Position>) {
  const positions = { ...start }
  const heard: Record<string, string[]> = {}
  const answers: SyncAck[] = []
  let asked = Object.keys(positions)
  while (asked.length > 0) {
    const conversations = Object.fromEntries(asked.map((id) => [id, positions[id]]))
    const answer = await client.send('sync', { conversations })
    answers.push(answer)
    asked = asked.filter((id) => {
      const { messages = [], changes = [], complete = true } = answer.conversations[id] ?? {}
      const before = positions[id] as Position
      heard[id] ??= []
      heard[id].push(
        ...messages.map(({ content }) => content),
        ...changes.map(({ changeSeq }) => `#${changeSeq}`),
      )
      positions[id] = {
        seq: messages.at(-1)?.seq ?? before.seq,
        changeSeq: changes.at(-1)?.changeSeq ?? before.changeSeq,
      }
      const moved = messages.length + changes.length > 0
      if (!complete && !moved) throw new Error(`an answer for ${id} that leads nowhere`)
      return !complete
    })
  }
  return { heard, answers }
}

t.test('closed holes that fill whole pages do not stop who asks on', async (t) => {
  const cluster = await startCluster(t, { workers: 0, env: { LIMIT_PAGE_MAX_ITEMS: '3' } })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const { _id, conversationId } = await ann.send('message', { recipientId: 'bob', content: 'one' })
  const messages = cluster.db.collection<{ _id: string; seq: number; createdAt: Date }>('messages')
  const one = await messages.findOne({ seq: 1 })
  if (!one) throw new Error('it was acknowledged and is not there')
  // As a node leaves them that dies between the numbers of a batch and their write, and another that goes on.
  await messages.insertOne({ ...one, _id: 'late', seq: 12, content: 'two', createdAt: new Date(0) } as never)
  await ann.send('edit_message', { messageId: _id, content: 'one!' })
  const changes = cluster.db.collection<{ _id: string; changeSeq: number }>('changes')
  const edit = await changes.findOne({ changeSeq: 1 })
  await changes.insertOne({ ...edit, _id: 'late', changeSeq: 12, at: new Date(0) } as never)

  for (const client of [ann, bob]) {
    const { heard } = await syncAll(client, { [conversationId]: { seq: 0, changeSeq: 0 } })
    t.same(heard[conversationId]?.sort(), ['#1', '#12', 'one!', 'two'], 'who closes them, and the next')
  }
  t.equal(await messages.countDocuments({ isVoid: true }), 10)
  const path = `/chat/${encodeURIComponent(conversationId)}/messages`
  t.match(await bob.get<HistoryPage>(`${path}?afterSeq=1&limit=2`), { messages: [{ seq: 12 }] })
  t.match(await bob.get<HistoryPage>(`${path}?beforeSeq=12&limit=2`), { messages: [{ seq: 1 }] })
})

t.test('an answer has a bounded size, however much was missed in however many conversations', async (t) => {
  const most = 40_000
  const cluster = await startCluster(t, { workers: 0, env: { SYNC_MAX_BYTES: String(most) } })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const content = 'é'.repeat(4_000)
  const ids = await Promise.all(['b', 'c', 'd', 'e'].map(() => group(ann, bob)))
  const start: Record<string, Position> = {}
  const expected: Record<string, string[]> = {}
  for (const groupId of ids) {
    for (let i = 0; i < 6; i++) {
      const { _id } = await ann.send('group_message', {
        groupId,
        messageType: 'text',
        content: `${content}${i}`,
      })
      if (i < 3) await ann.send('edit_message', { messageId: _id, content: `${i}${content}` })
    }
    start[groupId] = { seq: 0, changeSeq: 0 }
    expected[groupId] = [
      ...[0, 1, 2].map((i) => `${i}${content}`),
      ...[3, 4, 5].map((i) => `${content}${i}`),
      ...['#1', '#2', '#3'],
    ].sort()
  }
  const { heard, answers } = await syncAll(bob, start)
  for (const id of ids) t.same(heard[id]?.sort(), expected[id])
  const sizes = answers.map((answer) => Buffer.byteLength(JSON.stringify(answer)))
  // Each of those asked for gets on by one message and one change at least.
  const one = 2 * (Buffer.byteLength(content) + 1_000)
  t.ok(Math.max(...sizes) <= most + ids.length * one, `${sizes}`)
  t.ok(answers.length > 2)
})

t.test('who is removed while their answer waits for a number is told nothing', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const groupId = await group(ann, bob)
  const { _id } = await ann.send('group_message', { groupId, messageType: 'text', content: 'x' })
  await ann.send('edit_message', { messageId: _id, content: 'y' })
  // A hole among the changes, which holds up the answer, and then another one among the messages.
  const changes = cluster.db.collection<{ _id: string; changeSeq: number }>('changes')
  const edit = await changes.findOne({ changeSeq: 1 })
  await changes.insertOne({ ...edit, _id: 'late', changeSeq: 3, at: new Date() } as never)
  const syncing = bob.send('sync', { conversations: { [groupId]: { seq: 0, changeSeq: 0 } } })
  const messages = cluster.db.collection<{ _id: string; seq: number }>('messages')
  const first = await messages.findOne({ seq: 1 })
  await messages.insertOne({ ...first, _id: 'late', seq: 3, createdAt: new Date() } as never)
  const reading = bob.http(`/chat/${groupId}/messages`)
  await bob.barrier()
  t.equal((await ann.http(`/group/${groupId}/members/bob`, { method: 'DELETE' })).status, 204)
  await ann.send('group_message', { groupId, messageType: 'text', content: 'not for him' })
  t.same((await syncing).conversations, {})
  t.equal((await reading).status, 404)
})

t.test('a position past the end, as after a restored backup, is not called the end', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const { conversationId } = await ann.send('message', { recipientId: 'bob', content: 'x' })
  const { conversations } = await bob.send('sync', {
    conversations: { [conversationId]: { seq: 9, changeSeq: 9 } },
  })
  t.match(conversations[conversationId], { messages: [], headSeq: 1, headChangeSeq: 0, complete: true })
})

t.test('what comes while the end is looked for is not passed over', async (t) => {
  const { gate, url } = await Gate.to(process.env.TEST_MONGODB_URI ?? '')
  t.teardown(() => gate.close())
  const cluster = await startCluster(t, { workers: 0, mongoUri: url })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const { conversationId } = await ann.send('message', { recipientId: 'bob', content: 'one' })
  const read = gate.hold('find', 'messages', '$gt', conversationId)
  const syncing = bob.send('sync', { conversations: { [conversationId]: 1 } })
  await read.asked
  await ann.send('message', { recipientId: 'bob', content: 'two' })
  read.release()
  const { messages = [], headSeq } = (await syncing).conversations[conversationId] ?? {}
  t.equal(headSeq, messages.at(-1)?.seq ?? 1)
})
