import { PositionStore } from '@earshot/core/voice/position-store'
import type { HistoryPage } from '@earshot/protocol'
import t from 'tap'
import { type Cluster, startCluster } from '../src/cluster.ts'
import { voiceOf } from '../src/recordings.ts'
import { webmBytes } from '../src/speech.ts'
import type { TestClient } from '../src/test-client.ts'

const refused = (code: string, field: string) => ({ ok: false, error: { code, field } })

async function speak(client: TestClient, recipientId = 'bob', seconds = 600) {
  const voiceMessage = voiceOf(webmBytes(500, seconds), 'audio/webm', seconds)
  return client.send('voice_message', { recipientId, voiceMessage })
}

async function positionInHistory(client: TestClient, conversationId: string): Promise<number | undefined> {
  const page = await client.get<HistoryPage>(`/chat/${encodeURIComponent(conversationId)}/messages`)
  return page.messages[0]?.voiceMessage?.position
}

async function stored(cluster: Cluster): Promise<Record<string, unknown>> {
  const [doc] = await cluster.db.collection('voice_positions').find({}).toArray()
  return doc?.positions ?? {}
}

t.test('where one stopped is known to one’s other devices, on any node, and to nobody else', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const phone = await cluster.connect('bob', 0)
  const desk = await cluster.connect('bob', 1)
  const { _id: messageId, conversationId } = await speak(ann)
  t.same(await phone.send('voice_position', { messageId, position: 61.26 }), { ok: true })
  t.same(await desk.hears('voice_position_changed'), { messageId, conversationId, position: 61.3 })
  t.equal(await positionInHistory(desk, conversationId), 61.3)
  const { conversations } = await desk.send('sync', { conversations: { [conversationId]: 0 } })
  t.match(conversations[conversationId], {
    messages: [{ voiceMessage: { position: 61.3 } }],
    positions: { [messageId]: 61.3 },
  })
  const behind = await desk.send('sync', { conversations: { [conversationId]: 1 } })
  t.match(behind.conversations[conversationId], { messages: [], positions: { [messageId]: 61.3 } })
  t.equal(await positionInHistory(ann, conversationId), undefined)
  await Promise.all([ann.barrier(), phone.barrier()])
  t.same([ann.heardOf('voice_position_changed'), phone.heardOf('voice_position_changed')], [[], []])

  await desk.send('voice_position', { messageId, position: 120 })
  t.match(await phone.hears('voice_position_changed'), { position: 120 })
  await desk.send('voice_position', { messageId, position: 599.5 })
  t.match(await phone.hears('voice_position_changed', ({ position }) => position === 0), { messageId })
  t.equal(await positionInHistory(phone, conversationId), undefined, 'heard to the end')
  t.same(await stored(cluster), {})
})

t.test('what a player says again and again is told and written now and then', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  const phone = await cluster.connect('bob')
  const desk = await cluster.connect('bob')
  const { _id: messageId } = await speak(ann)
  const said = Array.from({ length: 200 }, (_, i) => i + 1)
  await Promise.all(said.map((position) => phone.send('voice_position', { messageId, position })))
  await desk.hears('voice_position_changed', ({ position }) => position === 200)
  t.ok(desk.heardOf('voice_position_changed').length < 100, 'coalesced')
})

t.test('a deleted message is forgotten, with a position that comes late', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  const phone = await cluster.connect('bob')
  const desk = await cluster.connect('bob')
  const { _id: messageId } = await speak(ann)
  await phone.send('voice_position', { messageId, position: 5 })
  await desk.hears('voice_position_changed')
  t.match(await stored(cluster), { [messageId]: { seconds: 5 } })
  await ann.send('delete_message', { messageId })
  t.same(await stored(cluster), {})
  await phone.send('voice_position', { messageId, position: 6 })
  const next = await speak(ann)
  await phone.send('voice_position', { messageId: next._id, position: 7 })
  await desk.hears('voice_position_changed', ({ position }) => position === 7)
  t.match(Object.keys(await stored(cluster)), [next._id])
})

t.test('of the positions in one conversation the last hundred are kept', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const store = new PositionStore(cluster.db)
  const ids = Array.from({ length: 102 }, (_, i) => `message${i}`)
  for (const messageId of ids) await store.set('bob', { messageId, conversationId: 'c' }, 1)
  const kept = await store.of('bob', 'c')
  t.equal(kept.size, 100)
  t.ok(kept.has('message101') && !kept.has('message0'))
})

t.test('what is refused', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  const bob = await cluster.connect('bob')
  const eve = await cluster.connect('eve')
  const { _id: messageId } = await speak(ann)
  const text = await ann.send('message', { recipientId: 'bob', content: 'hello' })
  const notFound = refused('NOT_FOUND', 'messageId')
  t.match(await eve.raw('voice_position', { messageId, position: 1 }), notFound)
  t.match(await eve.raw('voice_position', { messageId: text._id, position: 1 }), notFound)
  t.match(await bob.raw('voice_position', { messageId: 'nothing', position: 1 }), notFound)
  const noVoice = await bob.raw('voice_position', { messageId: text._id, position: 1 })
  t.match(noVoice, refused('BAD_REQUEST', 'messageId'))
  t.match(await bob.raw('voice_position', { messageId, position: -1 }), refused('BAD_REQUEST', 'position'))
  t.match(await bob.raw('voice_position', { messageId, position: 'x' }), refused('BAD_REQUEST', 'position'))
})
