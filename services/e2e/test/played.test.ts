import { PlayStore } from '@earshot/core/receipts/play-store'
import type { ConversationList, Group, HistoryPage } from '@earshot/protocol'
import t from 'tap'
import { type Cluster, startCluster } from '../src/cluster.ts'
import { voiceOf } from '../src/recordings.ts'
import { webmBytes } from '../src/speech.ts'
import type { TestClient } from '../src/test-client.ts'

const voiceMessage = voiceOf(webmBytes(500, 4), 'audio/webm', 4)

async function group(owner: TestClient, members: string[]): Promise<string> {
  const created = await owner.http('/group', { method: 'POST', json: { name: 'G', members } })
  return ((await created.json()) as Group)._id
}

const speak = (client: TestClient, recipientId: string) =>
  client.send('voice_message', { recipientId, voiceMessage })
const speakIn = (client: TestClient, groupId: string) =>
  client.send('group_message', { groupId, messageType: 'voice', voiceMessage })

/** Who has played each message, as this user may know it. */
async function players(client: TestClient, conversationId: string): Promise<(string[] | undefined)[]> {
  const page = await client.get<HistoryPage>(`/chat/${encodeURIComponent(conversationId)}/messages`)
  return page.messages.map((message) => message.voiceMessage?.playedBy)
}

const hide = (client: TestClient, receipts: boolean) =>
  client.http('/user/me/settings', { method: 'PUT', json: { receipts } })

/** Marks that wait in Redis for MongoDB. */
const waiting = (cluster: Cluster) => cluster.redis.keys(`${cluster.prefix}:{marks*:e:*`)

t.test('played while its sender was away: every device of both learns of it, on any node', async (t) => {
  const cluster = await startCluster(t, { env: { WRITE_BEHIND_FLUSH_MS: '10' } })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const bobsDesk = await cluster.connect('bob', 0)
  const { conversationId } = await speak(ann, 'bob')
  await speak(ann, 'bob')
  await ann.send('message', { recipientId: 'bob', content: 'and a text' })
  const answer = await speak(bob, 'ann')
  ann.socket.disconnect()
  await bob.send('voice_played', { conversationId, seq: 1 })
  t.match(await bobsDesk.hears('message_status_changed', ({ playedSeq }) => playedSeq === 1), {
    conversationId,
    userId: 'bob',
  })
  t.same(await players(bobsDesk, conversationId), [['bob'], undefined, undefined, undefined])

  for (const node of [0, 1]) {
    const device = await cluster.connect('ann', node)
    t.same(await players(device, conversationId), [['bob'], undefined, undefined, undefined])
    const { conversations } = await device.send('sync', { conversations: { [conversationId]: 0 } })
    t.same(conversations[conversationId]?.messages[0]?.voiceMessage?.playedBy, ['bob'])
  }
  const device = await cluster.connect('ann', 1)
  await device.send('voice_played', { conversationId, seq: answer.seq })
  const lastOf = async (client: TestClient) =>
    (await client.get<ConversationList>('/chat')).conversations[0]?.lastMessage?.voiceMessage?.playedBy
  t.same(await lastOf(bob), ['ann'])
  t.same(await lastOf(device), ['ann'])
  while ((await waiting(cluster)).length > 0) await lastOf(device)
  t.same(await players(device, conversationId), [['bob'], undefined, undefined, ['ann']], 'from MongoDB')
  t.same(await players(bob, conversationId), [['bob'], undefined, undefined, ['ann']])
  t.same(await lastOf(bob), ['ann'])
})

t.test('who hides their receipts tells nobody, and is told nothing', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const bobsDesk = await cluster.connect('bob', 0)
  t.equal((await hide(bob, false)).status, 200)
  const { conversationId } = await speak(ann, 'bob')
  const answer = await speak(bob, 'ann')
  await bob.send('voice_played', { conversationId, seq: 1 })
  await ann.send('voice_played', { conversationId, seq: answer.seq })
  await bobsDesk.hears('message_status_changed', ({ playedSeq }) => playedSeq === 1)
  t.same(await players(bobsDesk, conversationId), [['bob'], undefined])
  t.same(await players(ann, conversationId), [undefined, ['ann']])
  const [chat] = (await bob.get<ConversationList>('/chat')).conversations
  t.notOk(chat?.lastMessage?.voiceMessage?.playedBy)
  await Promise.all([ann.barrier(), bob.barrier()])
  const playedOf = (client: TestClient) =>
    client.heardOf('message_status_changed').flatMap(({ playedSeq }) => playedSeq ?? [])
  t.same([playedOf(ann), playedOf(bob)], [[2], [1]], 'each heard of their own alone')
})

t.test(
  'in a group its sender is told who has played what they said, however long ago, and nobody else',
  async (t) => {
    const cluster = await startCluster(t, { workers: 0 })
    const ann = await cluster.connect('ann', 0)
    const bob = await cluster.connect('bob', 1)
    const carl = await cluster.connect('carl', 1)
    const dora = await cluster.connect('dora', 0)
    t.equal((await hide(dora, false)).status, 200)
    const groupId = await group(ann, ['bob', 'carl', 'dora'])
    await Promise.all([bob, carl, dora].map((client) => client.hears('group_created')))
    await speakIn(ann, groupId)
    const { seq } = await speakIn(carl, groupId)
    for (const client of [bob, dora]) await client.send('message_read', { conversationId: groupId, seq })
    await carl.hears('message_status_changed', ({ userId, readSeq }) => userId === 'bob' && readSeq === seq)

    await bob.send('voice_played', { conversationId: groupId, seq: 1 })
    t.match(await ann.hears('message_status_changed', ({ playedSeq }) => playedSeq === 1), { userId: 'bob' })
    await dora.send('voice_played', { conversationId: groupId, seq: 1 })
    await dora.hears('message_status_changed', ({ playedSeq }) => playedSeq === 1)
    await carl.send('voice_played', { conversationId: groupId, seq: 1 })
    await ann.hears('message_status_changed', ({ userId, playedSeq }) => userId === 'carl' && playedSeq === 1)
    await carl.barrier()
    t.same(
      carl
        .heardOf('message_status_changed')
        .filter(({ userId, playedSeq }) => playedSeq && userId !== 'carl'),
      [],
      'what was said by another is none of his business',
    )
    t.same(await players(ann, groupId), [['bob', 'carl'], undefined])
    t.same(await players(bob, groupId), [['bob'], undefined])
    t.same(await players(carl, groupId), [['carl'], undefined])
    t.same(await players(dora, groupId), [['dora'], undefined])
  },
)

t.test('in a large group nobody is told but one’s own devices', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const absent = Array.from({ length: 120 }, (_, i) => `absent-${i}`)
  await cluster.db
    .collection<{ _id: string }>('users')
    .insertMany(absent.map((_id) => ({ _id, name: _id, nameLower: _id })))
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const bobsDesk = await cluster.connect('bob', 0)
  const groupId = await group(ann, ['bob', ...absent])
  await bob.hears('group_created')
  await speakIn(ann, groupId)
  await bob.send('voice_played', { conversationId: groupId, seq: 1 })
  await bobsDesk.hears('message_status_changed', ({ playedSeq }) => playedSeq === 1)
  t.same(await players(bobsDesk, groupId), [['bob']])
  t.same(await players(ann, groupId), [undefined])
  await ann.barrier()
  t.same(ann.heardOf('message_status_changed'), [])
})

t.test('what is no voice message, or one’s own, is not played', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const { conversationId } = await speak(bob, 'ann')
  const text = await ann.send('message', { recipientId: 'bob', content: 'a text' })
  await speak(ann, 'bob')
  t.match(await bob.raw('voice_played', { conversationId, seq: text.seq }), {
    error: { code: 'BAD_REQUEST', field: 'seq' },
  })
  for (const seq of [1, 3]) await bob.send('voice_played', { conversationId, seq })
  await ann.hears('message_status_changed', ({ playedSeq }) => playedSeq === 3)
  t.same(
    ann.heardOf('message_status_changed').flatMap(({ playedSeq }) => playedSeq ?? []),
    [3],
  )
  t.same(await players(ann, conversationId), [undefined, undefined, ['bob']])
  t.same(await players(bob, conversationId), [undefined, undefined, ['bob']])
})

t.test('however long people talk, nothing that was played is forgotten, and no document grows', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const plays = new PlayStore(cluster.db)
  const seqs = Array.from({ length: 1_200 }, (_, i) => i + 1)
  const play = { conversationId: 'c', userId: 'bob', playedSeqs: seqs }
  await plays.add([play])
  await plays.add([{ ...play, playedSeqs: [7, 2_000] }])
  const asked = { conversationId: 'c', userId: 'bob', voiceSeqs: [7, 1_200, 1_201, 2_000] }
  t.same(await plays.find([asked, { ...asked, userId: 'carl' }, { ...asked, voiceSeqs: [] }]), [
    [7, 1_200, 2_000],
    [],
    [],
  ])
  const docs = await cluster.db.collection('voice_plays').find({}).toArray()
  t.ok(docs.every((doc) => doc.seqs.length <= 500))
})
