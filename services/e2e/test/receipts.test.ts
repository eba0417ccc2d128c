import { type ConversationList, directConversationId, type Group, type HistoryPage } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { dataUrl, webmBytes } from '../src/speech.ts'

t.test('delivered, read, played: watermarks that never move back', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const bobsPhone = await cluster.connect('bob', 0)
  let conversationId = ''
  for (let i = 1; i <= 3; i++) {
    conversationId = (await ann.send('message', { recipientId: 'bob', content: `${i}` })).conversationId
  }
  const chat = async () => (await bob.get<ConversationList>('/chat')).conversations[0]
  await bob.send('message_delivered', { conversationId, seq: 3 })
  t.match(await ann.hears('message_status_changed'), {
    conversationId,
    userId: 'bob',
    deliveredSeq: 3,
    readSeq: 0,
  })
  await bob.send('message_read', { conversationId, seq: 2 })
  t.match(await ann.hears('message_status_changed', ({ readSeq }) => readSeq > 0), {
    deliveredSeq: 3,
    readSeq: 2,
  })
  t.match(await bobsPhone.hears('message_status_changed', ({ readSeq }) => readSeq === 2), { userId: 'bob' })
  await bobsPhone.send('message_read', { conversationId, seq: 1 })
  t.match(await bob.raw('voice_played', { conversationId, seq: 3 }), {
    error: { code: 'BAD_REQUEST', field: 'seq' },
  })
  const voiceMessage = { url: dataUrl(webmBytes(1_000)), duration: 1, mimeType: 'audio/webm', size: 1_000 }
  await ann.send('voice_message', { recipientId: 'bob', voiceMessage })
  await bob.send('voice_played', { conversationId, seq: 4 })
  t.match(await ann.hears('message_status_changed', ({ playedSeq }) => playedSeq === 4), { readSeq: 2 })
  t.ok(
    ann
      .heardOf('message_status_changed')
      .every(({ readSeq }, i, all) => readSeq >= (all[i - 1]?.readSeq ?? 0)),
    'never back',
  )
  const path = `/chat/${encodeURIComponent(conversationId)}/messages`
  t.same(
    (await ann.get<HistoryPage>(path)).messages.map(({ status }) => status),
    ['read', 'read', 'delivered', 'sent'],
  )
  t.match(await chat(), { unreadCount: 2, lastMessage: { seq: 4 }, marks: [{ userId: 'bob', readSeq: 2 }] })

  t.match(await bob.raw('message_read', { conversationId, seq: 99 }), {
    error: { code: 'BAD_REQUEST', field: 'seq' },
  })
  const eve = await cluster.connect('eve', 0)
  t.match(await eve.raw('message_read', { conversationId, seq: 1 }), { error: { code: 'NOT_FOUND' } })
})

t.test('what was acknowledged shows at once, on the other node', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const carl = await cluster.connect('carl', 1)
  const created = await ann.http('/group', { method: 'POST', json: { name: 'G', members: ['bob', 'carl'] } })
  const { _id: groupId } = (await created.json()) as Group
  await Promise.all([bob.hears('group_created'), carl.hears('group_created')])
  const { conversationId } = await ann.send('message', { recipientId: 'bob', content: 'x' })
  await ann.send('group_message', { groupId, messageType: 'text', content: 'y' })
  const statusIn = async (id: string) => {
    const { messages } = await ann.get<HistoryPage>(`/chat/${encodeURIComponent(id)}/messages`)
    return messages.map(({ status }) => status)
  }
  const unread = async () =>
    (await bob.get<ConversationList>('/chat')).conversations.map(({ unreadCount }) => unreadCount)

  t.same(await unread(), [1, 1])
  await bob.send('message_delivered', { conversationId, seq: 1 })
  t.same(await statusIn(conversationId), ['delivered'])
  await bob.send('message_read', { conversationId, seq: 1 })
  t.same(await statusIn(conversationId), ['read'])
  t.same(await unread(), [1, 0])
  await bob.send('message_read', { conversationId: groupId, seq: 1 })
  t.same(await statusIn(groupId), ['sent'], 'not by all')
  await carl.send('message_delivered', { conversationId: groupId, seq: 1 })
  t.same(await statusIn(groupId), ['delivered'])
  await carl.send('message_read', { conversationId: groupId, seq: 1 })
  t.same(await statusIn(groupId), ['read'])
  t.same(await unread(), [0, 0])

  const dora = await cluster.connect('dora', 0)
  t.equal((await ann.http(`/group/${groupId}/members/dora`, { method: 'PUT' })).status, 204)
  await dora.hears('group_created')
  t.same(await statusIn(groupId), ['read'], 'one who joined later takes nothing back')
  await ann.send('group_message', { groupId, messageType: 'text', content: 'z' })
  for (const client of [bob, carl]) await client.send('message_read', { conversationId: groupId, seq: 2 })
  t.same(await statusIn(groupId), ['read', 'sent'])
  await dora.send('message_read', { conversationId: groupId, seq: 2 })
  t.same(await statusIn(groupId), ['read', 'read'])
})

t.test(
  'of one who hides receipts nothing is told, of the others in the group what they have played',
  async (t) => {
    const cluster = await startCluster(t, { workers: 0 })
    const ann = await cluster.connect('ann', 0)
    const bob = await cluster.connect('bob', 1)
    const carl = await cluster.connect('carl', 1)
    t.equal((await carl.http('/user/me/settings', { method: 'PUT', json: { receipts: false } })).status, 200)
    const created = await ann.http('/group', {
      method: 'POST',
      json: { name: 'G', members: ['bob', 'carl'] },
    })
    const { _id: groupId } = (await created.json()) as Group
    await Promise.all([bob.hears('group_created'), carl.hears('group_created')])
    const voiceMessage = { url: dataUrl(webmBytes(1_000)), duration: 1, mimeType: 'audio/webm', size: 1_000 }
    await ann.send('group_message', { groupId, messageType: 'voice', content: 'a caption', voiceMessage })
    for (const client of [bob, carl]) {
      t.match(await client.hears('new_group_voice_message'), { content: 'a caption' })
      await client.send('message_read', { conversationId: groupId, seq: 1 })
      await client.send('voice_played', { conversationId: groupId, seq: 1 })
    }
    const { messages } = await ann.get<HistoryPage>(`/chat/${groupId}/messages`)
    t.match(messages, [{ status: 'delivered', voiceMessage: { playedBy: ['bob'] } }])
    t.same(messages[0]?.voiceMessage?.playedBy, ['bob'])
    const own = await carl.get<HistoryPage>(`/chat/${groupId}/messages`)
    t.same(own.messages[0]?.voiceMessage?.playedBy, ['carl'], 'their own they see')
  },
)

t.test('who hides theirs does not see others', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const off = { method: 'PUT', json: { receipts: false } }
  t.equal((await bob.http('/user/me/settings', off)).status, 200)
  const { conversationId } = await ann.send('message', { recipientId: 'bob', content: 'x' })
  const answer = await bob.send('message', { recipientId: 'ann', content: 'y' })
  await bob.send('message_read', { conversationId, seq: 1 })
  t.match(await ann.hears('message_status_changed', ({ userId }) => userId === 'bob'), {
    deliveredSeq: 1,
    readSeq: 0,
  })
  await ann.send('message_read', { conversationId, seq: answer.seq })
  t.match(await bob.hears('message_status_changed', ({ userId }) => userId === 'ann'), { readSeq: 0 })
})

t.test('who has left a group is not told who reads in it', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const carl = await cluster.connect('carl', 1)
  const created = await ann.http('/group', { method: 'POST', json: { name: 'G', members: ['bob', 'carl'] } })
  const { _id: groupId } = (await created.json()) as Group
  await Promise.all([bob.hears('group_created'), carl.hears('group_created')])
  await bob.send('group_message', { groupId, messageType: 'text', content: 'said before he left' })
  const { seq } = await ann.send('group_message', { groupId, messageType: 'text', content: 'and after' })
  t.equal((await bob.http(`/group/${groupId}/members/bob`, { method: 'DELETE' })).status, 204)

  await carl.send('message_read', { conversationId: groupId, seq })
  await ann.hears('message_status_changed', ({ userId }) => userId === 'carl')
  const { conversationId } = await bob.send('message', { recipientId: 'carl', content: 'a barrier' })
  await carl.hears('new_message')
  await carl.send('message_read', { conversationId, seq: 1 })
  await bob.hears('message_status_changed', (moved) => moved.conversationId === conversationId)
  t.same(
    bob.heardOf('message_status_changed').filter((moved) => moved.conversationId === groupId),
    [],
  )
})

t.test('typing reaches the other one, ends with the socket, is no secret to nobody else', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const created = await ann.http('/group', { method: 'POST', json: { name: 'G', members: ['bob'] } })
  const { _id: groupId } = (await created.json()) as Group
  await bob.hears('group_created')
  await ann.send('typing', { recipientId: 'bob', isTyping: true })
  t.match(await bob.hears('user_typing'), {
    userId: 'ann',
    name: 'Name of ann',
    isTyping: true,
    activity: 'text',
  })
  await ann.send('typing', { recipientId: 'bob', isTyping: false })
  await bob.hears('user_typing', ({ isTyping }) => !isTyping)
  await bob.send('sync', { conversations: { [groupId]: 0 } })
  await ann.send('typing', { groupId, isTyping: true, activity: 'voice' })
  await bob.hears(
    'user_typing',
    ({ conversationId, activity }) => conversationId === groupId && activity === 'voice',
  )
  ann.socket.disconnect()
  await bob.hears('user_typing', ({ conversationId, isTyping }) => conversationId === groupId && !isTyping)
  t.match(await bob.raw('typing', { isTyping: true }), { error: { code: 'BAD_REQUEST' } })
})

t.test('blocked on one node: cannot write on another from then on, until unblocked', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const content = 'not blocked yet, which her node remembers'
  const first = await ann.send('message', { recipientId: 'bob', content })
  await ann.send('react', { messageId: first._id, emoji: '👍' })
  t.equal((await bob.http('/user/me/blocked/ann', { method: 'PUT' })).status, 204)
  t.match(await bob.get('/user/me/blocked'), { userIds: ['ann'] })
  t.match(await ann.raw('message', { recipientId: 'bob', content: 'x' }), { error: { code: 'FORBIDDEN' } })
  t.match(await ann.raw('typing', { recipientId: 'bob', isTyping: true }), { error: { code: 'FORBIDDEN' } })
  const said = { messageId: first._id }
  t.match(await ann.raw('edit_message', { ...said, content: 'x' }), { error: { code: 'FORBIDDEN' } })
  t.match(await ann.raw('react', { ...said, emoji: '👎' }), { error: { code: 'FORBIDDEN' } })
  t.match(await ann.raw('react', { ...said, emoji: '👍', remove: true }), { ok: true }, 'what takes back')
  t.match(await bob.raw('react', { ...said, emoji: '👍' }), { ok: true }, 'who blocked may')
  t.equal((await bob.http('/user/me/blocked/bob', { method: 'PUT' })).status, 400)
  t.equal((await bob.http('/user/me/blocked/nobody', { method: 'PUT' })).status, 404)
  t.equal((await bob.http('/user/me/blocked/ann', { method: 'DELETE' })).status, 204)
  t.match(await ann.raw('message', { recipientId: 'bob', content: 'x' }), { ok: true, seq: 2 })
  t.match(await ann.raw('edit_message', { ...said, content: 'x' }), { ok: true })
})

t.test('a receipt makes no conversation', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const eve = await cluster.connect('eve', 0)
  const bob = await cluster.connect('bob', 1)
  for (const other of ['bob', 'nobody']) {
    const receipt = { conversationId: directConversationId('eve', other), seq: 1 }
    for (const event of ['message_delivered', 'message_read', 'voice_played']) {
      t.match(await eve.raw(event, receipt), { error: { code: 'BAD_REQUEST', field: 'seq' } })
    }
  }
  t.equal(await cluster.db.collection('conversations').countDocuments({}), 0)
  t.same((await bob.get<ConversationList>('/chat')).conversations, [])
})
