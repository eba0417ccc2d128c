import type { Group, HistoryPage } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'

t.test('text between two nodes', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const annsPhone = await cluster.connect('ann', 1)
  const bob = await cluster.connect('bob', 1)
  const eve = await cluster.connect('eve', 1)

  const ack = await ann.send('message', { recipientId: 'bob', content: 'hello', clientMessageId: 'm1' })
  t.match(ack, { ok: true, seq: 1, status: 'sent' })
  const expected = {
    _id: ack._id,
    conversationId: ack.conversationId,
    seq: 1,
    clientMessageId: 'm1',
    sender: { _id: 'ann', name: 'Name of ann' },
    recipientId: 'bob',
    messageType: 'text',
    content: 'hello',
    createdAt: ack.createdAt,
    status: 'sent',
  }
  t.same(await bob.hears('new_message'), expected)
  t.same(await annsPhone.hears('new_message'), expected, "the sender's other device hears it")

  const answer = await bob.send('message', { recipientId: 'ann', content: 'hi' })
  t.equal(answer.conversationId, ack.conversationId, 'one conversation whoever writes')
  t.equal(answer.seq, 2)
  await ann.hears('new_message', (message) => message.seq === 2)

  await Promise.all([eve.barrier(), ann.barrier()])
  t.same(
    eve.heardOf('new_message').filter((message) => message.sender._id !== 'eve'),
    [],
    'nobody else hears',
  )
  t.same(
    ann.heardOf('new_message').filter((message) => message.seq === 1 && message.recipientId === 'bob'),
    [],
    'the sending socket has the ack',
  )

  const path = `/chat/${encodeURIComponent(ack.conversationId)}/messages`
  const page = await bob.get<HistoryPage>(path)
  t.same(
    page.messages.map(({ seq, content }) => [seq, content]),
    [
      [1, 'hello'],
      [2, 'hi'],
    ],
  )
  t.equal(page.headSeq, 2)
  t.equal((await eve.http(path)).status, 404, 'one who may not read it does not learn that it exists')
})

t.test('the same key makes one message, with Redis wiped between', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const annElsewhere = await cluster.connect('ann', 1)
  const bob = await cluster.connect('bob', 1)
  const text = { recipientId: 'bob', content: 'once', clientMessageId: 'k' }
  const first = await ann.send('message', text)
  t.same(await annElsewhere.send('message', text), first, 'on another node')
  const keys = await cluster.redis.keys(`${cluster.prefix}:{dm:*`)
  t.ok(keys.length > 0)
  await cluster.redis.del(keys)
  t.same(await ann.send('message', text), first, 'after Redis forgot')
  const refused = await ann.raw('message', { ...text, content: 'something else' })
  t.match(refused, { ok: false, error: { code: 'CONFLICT', field: 'clientMessageId' } })
  const next = await ann.send('message', { recipientId: 'bob', content: 'next' })
  t.equal(next.seq, 2, 'no number was lost')
  await bob.hears('new_message', (message) => message.seq === 2)
  t.equal(await cluster.db.collection('messages').countDocuments({}), 2)
})

t.test('many at once from two nodes: one dense order', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const acks = await Promise.all(
    Array.from({ length: 100 }, (_, i) => [
      ann.send('message', { recipientId: 'bob', content: `a${i}` }),
      bob.send('message', { recipientId: 'ann', content: `b${i}` }),
    ]).flat(),
  )
  const seqs = acks.map(({ seq }) => seq).sort((a, b) => a - b)
  t.same(
    seqs,
    Array.from({ length: 200 }, (_, i) => i + 1),
  )
  const conversationId = acks[0]?.conversationId ?? ''
  const { conversations } = await ann.send('sync', { conversations: { [conversationId]: 0 } })
  const synced = conversations[conversationId]
  t.match(synced, { headSeq: 200, complete: false })
  t.same(
    synced?.messages.map(({ seq }) => seq),
    Array.from({ length: 200 }, (_, i) => i + 1),
  )
  const rest = await ann.send('sync', { conversations: { [conversationId]: 200 } })
  t.match(rest.conversations[conversationId], { messages: [], headSeq: 200, complete: true })
})

t.test('a number on its way from another node is waited for, one that never comes is closed', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const { conversationId } = await ann.send('message', { recipientId: 'bob', content: 'one' })
  const messages = cluster.db.collection<{ _id: string; seq: number; createdAt: Date }>('messages')
  const one = await messages.findOne({ seq: 1 })
  if (!one) throw new Error('it was acknowledged and is not there')
  const copy = (seq: number) => ({ ...one, _id: `copy-${seq}`, seq, createdAt: new Date() })
  const seqsOf = (page: { messages: { seq: number }[] } | undefined) => page?.messages.map(({ seq }) => seq)
  const readers = async () => {
    const [newest, after, synced] = await Promise.all([
      bob.get<HistoryPage>(`/chat/${conversationId}/messages`),
      bob.get<HistoryPage>(`/chat/${conversationId}/messages?afterSeq=1`),
      bob.send('sync', { conversations: { [conversationId]: 1 } }),
    ])
    t.match(synced.conversations[conversationId], { complete: true, headSeq: newest.headSeq })
    return [seqsOf(newest), seqsOf(after), seqsOf(synced.conversations[conversationId])]
  }
  await messages.insertOne(copy(3))
  const reading = readers()
  await messages.insertOne(copy(2))
  t.same(await reading, [
    [1, 2, 3],
    [2, 3],
    [2, 3],
  ])
  await messages.insertOne(copy(5))
  t.same(await readers(), [
    [1, 2, 3, 5],
    [2, 3, 5],
    [2, 3, 5],
  ])
  t.match(await messages.findOne({ seq: 4 }), { isVoid: true }, 'nothing can come there any more')
})

t.test('sent again by one who may not write there any more: the answer that it had', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const created = await ann.http('/group', { method: 'POST', json: { name: 'G', members: ['bob'] } })
  const { _id: groupId } = (await created.json()) as Group
  await bob.hears('group_created')
  const toGroup = { groupId, messageType: 'text' as const, content: 'said in time', clientMessageId: 'k1' }
  const toAnn = { recipientId: 'ann', content: 'said in time', clientMessageId: 'k2' }
  const inGroup = await bob.send('group_message', toGroup)
  const direct = await bob.send('message', toAnn)
  t.equal((await ann.http(`/group/${groupId}/members/bob`, { method: 'DELETE' })).status, 204)
  t.equal((await ann.http('/user/me/blocked/bob', { method: 'PUT' })).status, 204)

  t.same(await bob.send('group_message', toGroup), inGroup)
  t.same(await bob.send('message', toAnn), direct)
  t.match(await bob.raw('group_message', { ...toGroup, clientMessageId: 'k3' }), {
    error: { code: 'NOT_FOUND' },
  })
  t.match(await bob.raw('message', { ...toAnn, clientMessageId: 'k4' }), { error: { code: 'FORBIDDEN' } })
  t.match(await bob.raw('message', { ...toAnn, content: 'other' }), { error: { code: 'CONFLICT' } })
})

t.test('an answer is to a message of its conversation, whatever else one may read', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  await cluster.connect('eve', 1)
  const asked = await ann.send('message', { recipientId: 'bob', content: 'a question' })
  const elsewhere = await ann.send('message', { recipientId: 'eve', content: 'of another conversation' })
  const answer = { recipientId: 'ann', content: 'an answer', replyTo: asked._id, clientMessageId: 'k' }
  const sent = await bob.send('message', answer)
  t.match(await ann.hears('new_message', ({ seq }) => seq === 2), { replyTo: asked._id })
  for (const client of [ann, bob]) {
    const other = { recipientId: client === ann ? 'bob' : 'ann', content: 'x', replyTo: elsewhere._id }
    t.match(await client.raw('message', other), { error: { code: 'NOT_FOUND', field: 'replyTo' } })
  }
  await ann.send('delete_message', { messageId: asked._id })
  t.same(await bob.send('message', answer), sent)
  t.match(await bob.send('message', { ...answer, clientMessageId: 'k2' }), { seq: 3 }, 'to a deleted one')
})
