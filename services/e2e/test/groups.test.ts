import type { ConversationList, Group, HistoryPage } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { Gate } from '../src/gate.ts'
import { dataUrl, webmBytes } from '../src/speech.ts'

t.test('a group over two nodes: created, written to, left', async (t) => {
  const cluster = await startCluster(t)
  const [ann, bob, carl, eve] = await Promise.all([
    cluster.connect('ann', 0),
    cluster.connect('bob', 1),
    cluster.connect('carl', 0),
    cluster.connect('eve', 1),
  ])
  const created = await ann.http('/group', { method: 'POST', json: { name: 'Trip', members: ['bob'] } })
  t.equal(created.status, 201)
  const group = (await created.json()) as Group
  t.match(group, {
    name: 'Trip',
    members: [
      { userId: 'ann', role: 'owner' },
      { userId: 'bob', role: 'member' },
    ],
  })
  t.same(await bob.hears('group_created'), group)
  const groupId = group._id
  const send = (content: string) => ({ groupId, messageType: 'text', content })

  await bob.send('sync', { conversations: { [group.conversationId]: 0 } })
  const ack = await ann.send('group_message', send('hello all'))
  t.match(await bob.hears('new_group_message'), { _id: ack._id, seq: 1, groupId, content: 'hello all' })
  t.match(await ann.hears('new_group_message'), { _id: ack._id }, 'the whole room, the sender too')

  t.match(await eve.raw('group_message', send('let me in')), { error: { code: 'NOT_FOUND' } })
  t.equal((await eve.http(`/group/${groupId}`)).status, 404)
  t.equal((await bob.http(`/group/${groupId}/members/eve`, { method: 'PUT' })).status, 403)
  const path = `/group/${groupId}/members/carl`
  t.equal((await ann.http(path, { method: 'PUT', json: {} })).status, 204)
  t.match(await bob.hears('group_member_added'), { groupId, userId: 'carl', role: 'member' })
  t.match(await carl.hears('group_created'), { _id: groupId })
  await carl.send('sync', { conversations: { [groupId]: 0 } })
  await carl.send('group_message', send('hi'))
  await bob.hears('new_group_message', ({ content }) => content === 'hi')

  t.equal((await ann.http(path, { method: 'DELETE' })).status, 204)
  await carl.hears('group_member_removed')
  t.match(await carl.raw('group_message', send('still here?')), { error: { code: 'NOT_FOUND' } })
  await ann.send('group_message', send('carl is gone'))
  await bob.hears('new_group_message', ({ content }) => content === 'carl is gone')
  await Promise.all([carl.barrier(), eve.barrier()])
  t.same(
    carl.heardOf('new_group_message').map(({ content }) => content),
    ['hi'],
    'hears nothing more',
  )
  t.same(eve.heardOf('new_group_message'), [])
  const page = await bob.get<HistoryPage>(`/chat/${groupId}/messages`)
  t.same(
    page.messages.map(({ seq, content }) => [seq, content]),
    [
      [1, 'hello all'],
      [2, 'hi'],
      [3, 'carl is gone'],
    ],
  )
  t.match(await bob.get('/chat'), { conversations: [{ _id: groupId, kind: 'group', name: 'Trip' }] })
})

t.test('voice in a group; a member who connects later hears the group', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  await (await cluster.connect('bob', 1)).barrier()
  const created = await ann.http('/group', { method: 'POST', json: { name: 'Band', members: ['bob'] } })
  const { _id: groupId } = (await created.json()) as Group
  const bob = await cluster.connect('bob', 1)
  const audio = webmBytes(2_000)
  const voiceMessage = { url: dataUrl(audio), duration: 2, mimeType: 'audio/webm', size: 2_000 }
  const ack = await ann.send('group_message', { groupId, messageType: 'voice', voiceMessage })
  t.match(await bob.hears('new_group_voice_message'), {
    _id: ack._id,
    voiceMessage: { url: voiceMessage.url },
  })
  const stored = await bob.hears('voice_message_stored')
  const fetched = await bob.http(stored.voiceMessage.url)
  t.ok(audio.equals(Buffer.from(await fetched.arrayBuffer())))
})

t.test('groups: bad input', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  const post = (json: unknown) => ann.http('/group', { method: 'POST', json })
  const unknown = await post({ name: 'x', members: ['nobody'] })
  t.equal(unknown.status, 404)
  t.match(await unknown.json(), { error: { code: 'NOT_FOUND', field: 'members' } })
  t.equal((await post({ members: [] })).status, 400)
  t.equal((await post({ name: '', members: [] })).status, 400)
  t.equal((await post({ name: 'x', members: [], owner: 'eve' })).status, 400)
})

t.test('a group that was only half made is in no list', async (t) => {
  const { gate, url } = await Gate.to(process.env.TEST_MONGODB_URI ?? '')
  t.teardown(() => gate.close())
  const cluster = await startCluster(t, { nodes: 1, workers: 0, mongoUri: url })
  const ann = await cluster.connect('ann')
  await cluster.connect('bob')
  const ensured = gate.hold('update', 'conversations')
  const json = { name: 'Trip', members: ['bob'] }
  const creating = ann.http('/group', { method: 'POST', json })
  await ensured.asked
  while ((await cluster.db.collection('conversations').countDocuments({})) === 0);
  t.equal(await cluster.db.collection('memberships').countDocuments({}), 2)
  t.same((await ann.get<ConversationList>('/chat')).conversations, [], 'as it stays when the node dies here')
  ensured.release()
  t.equal((await creating).status, 201)
  t.match((await ann.get<ConversationList>('/chat')).conversations, [{ name: 'Trip' }])
})
