import {
  type Conversation,
  type ConversationList,
  directConversationId,
  type HistoryPage,
  type Message,
} from '@earshot/protocol'
import type { Document } from 'mongodb'
import t from 'tap'
import { Cluster, secret, startCluster } from '../src/cluster.ts'
import { OldSystem, objectId } from '../src/old-system.ts'
import { dataUrl, webmBytes } from '../src/speech.ts'
import { TestClient } from '../src/test-client.ts'
import { mintToken } from '../src/tokens.ts'

/** What a node said of itself it says for half a second more. */
async function isReady(cluster: Cluster): Promise<void> {
  while (!(await fetch(`${cluster.url(0)}/readyz`)).ok);
}

t.test('one-to-one: history, list, sync, reply, reaction, deletion, audio', async (t) => {
  const cluster = new Cluster()
  t.teardown(() => cluster.close())
  const old = new OldSystem(cluster.db)
  const [ann, bob, eve] = [await old.user('Ann'), await old.user('Bob'), await old.user('Eve')]
  const chat = await old.chat([ann, bob])
  const audio = webmBytes(300_000)
  const first = await old.says(ann, { content: 'one', recipientId: objectId(bob) })
  const file = {
    url: 'https://old.example.org/uploads/plan.pdf',
    name: 'plan.pdf',
    size: 12,
    mimeType: 'application/pdf',
  }
  const voice = { url: dataUrl(audio), duration: 3.5, mimeType: 'audio/webm', size: audio.length }
  const spoken = await old.says(bob, { recipientId: ann, voiceMessage: voice })
  await old.says(ann, { content: 'by chat', chat: objectId(chat) })
  await old.says(bob, { chat: objectId(chat), file })
  const bare = await old.says(ann, { recipientId: bob, voiceMessage: { url: dataUrl(audio, 'audio/webm') } })
  const before = await Promise.all([first, spoken, bare].map((id) => old.raw(id)))
  const id = directConversationId(ann, bob)

  await cluster.addGateway()
  t.equal((await fetch(`${cluster.url(0)}/readyz`)).status, 503, 'no traffic before the numbers are given')
  await cluster.addGateway()
  await cluster.addWorker()
  const [a, b, e] = [
    await cluster.connect(ann, 0),
    await cluster.connect(bob, 1),
    await cluster.connect(eve, 1),
  ]
  const messages = await history(a, id, 5)
  await isReady(cluster)
  t.match(messages, [
    {
      _id: first,
      seq: 1,
      content: 'one',
      sender: { _id: ann, name: /Ann|Name of/ },
      recipientId: bob,
      messageType: 'text',
    },
    { _id: spoken, seq: 2, messageType: 'voice', sender: { _id: bob }, recipientId: ann, content: '' },
    { seq: 3, content: 'by chat', recipientId: bob, conversationId: id },
    { seq: 4, messageType: 'file', file },
    { _id: bare, seq: 5, voiceMessage: { duration: 0, size: audio.length, mimeType: 'audio/webm' } },
  ])
  t.equal(messages[0]?.createdAt, before[0]?.createdAt.toISOString())
  const url = `/media/${spoken}`
  t.same(messages[1]?.voiceMessage, { ...voice, url })

  const list = await b.get<ConversationList>('/chat')
  t.match(list.conversations, [{ _id: id, kind: 'direct', headSeq: 5, lastMessage: { _id: bare } }])
  t.same(new Set(list.conversations[0]?.members.map(({ userId }) => userId)), new Set([ann, bob]))
  t.notOk(JSON.stringify(list).includes('base64'), 'no audio in the list')
  const { conversations } = await b.send('sync', { conversations: { [id]: 0 } })
  t.match(conversations[id], { headSeq: 5, complete: true, messages: messages.map(({ _id }) => ({ _id })) })

  const reply = await b.send('message', { recipientId: ann, content: 'two', replyTo: first })
  t.equal(reply.seq, 6)
  t.match(await a.hears('new_message'), { seq: 6, replyTo: first, content: 'two' })
  await b.send('react', { messageId: first, emoji: '👍' })
  t.match(await a.hears('message_reaction'), { messageId: first, seq: 1, userId: bob })
  t.match((await history(a, id, 6))[0], { reactions: [{ emoji: '👍', userIds: [bob] }] })

  const whole = await a.http(url)
  t.equal(whole.status, 200)
  t.equal(whole.headers.get('content-type'), 'audio/webm')
  t.ok(audio.equals(Buffer.from(await whole.arrayBuffer())), 'byte for byte')
  const part = await a.http(url, { headers: { range: 'bytes=100-199' } })
  t.equal(part.status, 206)
  t.ok(audio.subarray(100, 200).equals(Buffer.from(await part.arrayBuffer())))
  t.equal((await e.http(url)).status, 404)
  t.equal((await e.http(`/chat/${encodeURIComponent(id)}/messages`)).status, 404)

  for (const doc of before)
    t.same(withoutAdded(await old.raw(doc._id.toHexString())), doc, 'old fields are as they were')

  t.match(await a.raw('delete_message', { messageId: spoken }), { error: { code: 'FORBIDDEN' } })
  await b.send('delete_message', { messageId: spoken })
  t.match(await a.hears('message_deleted'), { messageId: spoken, conversationId: id, seq: 2 })
  t.equal((await a.http(url)).status, 404)
  t.notOk((await old.raw(spoken)).voiceMessage, 'the audio is gone')
  t.match((await history(a, id, 6))[1], { deletedAt: String, voiceMessage: undefined })
  await a.send('edit_message', { messageId: first, content: 'ONE' })
  t.match(await b.hears('message_edited'), { content: 'ONE' })
  t.equal((await old.raw(first)).content, 'ONE', 'where nodes of the existing system read it, too')
})

t.test('groups, by chat and by group; in the order of time; who is no member gets 404', async (t) => {
  const cluster = new Cluster()
  t.teardown(() => cluster.close())
  const old = new OldSystem(cluster.db)
  const [ann, bob, eve] = [await old.user('Ann'), await old.user('Bob'), await old.user('Eve')]
  const chat = await old.chat([ann, bob], { chatName: 'Trip', groupAdmin: bob })
  const group = await old.group('Band', [ann, bob])
  const quiet = await old.chat([ann, eve], { chatName: 'Quiet', groupAdmin: eve })
  const inOrder = Array.from({ length: 45 }, (_, i) =>
    old.message(i % 2 ? ann : bob, { chat: objectId(chat), content: `${i}` }),
  )
  const { createdAt: _none, ...timeOfIdOnly } = old.message(ann, { groupId: objectId(group), content: 'a' })
  const { createdAt, ...rest } = old.message(bob, { groupId: group, content: 'b' })
  await old.insert([...inOrder.toReversed(), { ...rest, timestamp: createdAt }, timeOfIdOnly as never])
  const audio = webmBytes(1_000)
  const spoken = await old.says(bob, { groupId: objectId(group), voiceMessage: { url: dataUrl(audio) } })
  await cluster.addGateway()
  await cluster.addGateway()
  await cluster.addWorker()
  await cluster.addWorker()

  const [a, b, e] = [
    await cluster.connect(ann, 0),
    await cluster.connect(bob, 1),
    await cluster.connect(eve, 0),
  ]
  const said = await history(a, chat, 45)
  t.same(
    said.map(({ seq, content, groupId }) => [seq, content, groupId]),
    inOrder.map(({ content }, i) => [i + 1, content, chat]),
  )
  t.match(await history(b, group, 3), [
    { content: 'a', createdAt: timeOfIdOnly._id.getTimestamp().toISOString() },
    { content: 'b', createdAt: createdAt.toISOString() },
    { _id: spoken, messageType: 'voice' },
  ])
  t.ok(audio.equals(Buffer.from(await (await a.http(`/media/${spoken}`)).arrayBuffer())))
  t.match(await a.get(`/group/${chat}`), { name: 'Trip', members: members([ann, 'member'], [bob, 'owner']) })
  t.match(await a.get(`/group/${group}`), { name: 'Band' })
  const listed = await eventually(
    () => a.get<ConversationList>('/chat'),
    ({ conversations }) => conversations.length === 3 && last(conversations, chat)?.content === '44',
  )
  t.equal(last(listed.conversations, group)?._id, spoken)
  t.ok(
    listed.conversations.some(({ _id, name }) => _id === quiet && name === 'Quiet'),
    'one without a message',
  )

  for (const path of [
    `/chat/${chat}/messages`,
    `/group/${chat}`,
    `/chat/${group}/messages`,
    `/media/${spoken}`,
  ]) {
    t.equal((await e.http(path)).status, 404, path)
  }
  const send = { groupId: chat, messageType: 'text', content: 'and now' }
  t.match(await e.raw('group_message', send), { error: { code: 'NOT_FOUND' } })
  t.equal((await b.send('group_message', send)).seq, 46)
  t.match(await a.hears('new_group_message', ({ seq }) => seq === 46), { content: 'and now' })
  const groupDoc = await cluster.db.collection('groups').findOne({ _id: objectId(group) })
  t.match(groupDoc, { name: 'Band', icon: '/g.png' })
  t.same(Object.keys(groupDoc ?? {}).sort(), ['_id', 'icon', 'members', 'name'])
})

t.test('while the existing system goes on writing: live, once, after what was said', async (t) => {
  const cluster = await startCluster(t, { workers: 2 })
  const old = new OldSystem(cluster.db)
  const [ann, bob, eve] = [await old.user('Ann'), await old.user('Bob'), await old.user('Eve')]
  const [a, b, e] = [
    await cluster.connect(ann, 0),
    await cluster.connect(bob, 1),
    await cluster.connect(eve, 1),
  ]
  const sent = await a.send('message', { recipientId: bob, content: 'new' })
  const first = await old.saysNow(bob, { recipientId: objectId(ann), content: 'old' })
  const heard = await a.hears('new_message', ({ _id }) => _id === first)
  t.match(heard, {
    seq: sent.seq + 1,
    conversationId: sent.conversationId,
    content: 'old',
    sender: { _id: bob },
  })
  t.match(await b.hears('new_message', ({ _id }) => _id === first), { seq: 2 })
  const spoken = await old.saysNow(ann, { recipientId: bob, voiceMessage: { url: dataUrl(webmBytes(300)) } })
  t.match(await b.hears('new_voice_message'), {
    _id: spoken,
    seq: 3,
    voiceMessage: { url: `/media/${spoken}` },
  })

  const chat = await old.chat([ann, bob], { chatName: 'Now', groupAdmin: ann })
  await old.saysNow(ann, { chat: objectId(chat), content: 'hello' })
  t.match(await b.hears('group_created', ({ _id }) => _id === chat), { name: 'Now' })
  await b.send('sync', { conversations: { [chat]: 0 } })
  await old.saysNow(bob, { chat: objectId(chat), content: 'hi' })
  await a.hears('new_group_message', ({ content }) => content === 'hi')

  const chats = cluster.db.collection('chats')
  await chats.updateOne({ _id: objectId(chat) }, { $set: { users: [objectId(ann), objectId(eve)] } })
  await old.saysNow(ann, { chat: objectId(chat), content: 'bob is out, eve is in' })
  await e.hears('group_created', ({ _id }) => _id === chat)
  await b.hears('group_member_removed', ({ groupId }) => groupId === chat)
  t.equal((await b.http(`/chat/${chat}/messages`)).status, 404)
  t.match(await history(e, chat, 3), [{}, {}, { content: 'bob is out, eve is in' }])

  t.equal((await a.http(`/group/${chat}`, { method: 'DELETE' })).status, 204)
  await old.saysNow(ann, { chat: objectId(chat), content: 'to a group that was deleted here' })
  await old.saysNow(ann, { recipientId: ann, content: 'the last one' })
  await a.hears('new_message', ({ content }) => content === 'the last one')
  await Promise.all([b.barrier(), e.barrier()])
  t.equal((await a.http(`/group/${chat}`)).status, 404, 'deleted it stays')
  t.same(
    e.heardOf('new_message').filter(({ content }) => content === 'old'),
    [],
  )
  t.same(
    b.heardOf('new_group_message').filter(({ content }) => content.startsWith('bob is out')),
    [],
  )
  for (const client of [a, b]) {
    const ids = client.heardOf('new_message').map(({ _id }) => _id)
    t.equal(ids.length, new Set(ids).size, 'each told once')
  }
})

t.test('many at once, one worker killed, three more, Redis wiped, people writing: dense', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const old = new OldSystem(cluster.db)
  const [ann, bob] = [await old.user('Ann'), await old.user('Bob')]
  const a = await cluster.connect(ann, 0)
  const id = directConversationId(ann, bob)
  await a.send('message', { recipientId: bob, content: 'first' })
  const docs = Array.from({ length: 150 }, (_, i) => old.message(ann, { recipientId: bob, content: `o${i}` }))
  await old.insert(docs.slice(0, 100))
  const killed = await cluster.addProcess('worker')
  await history(a, id, 2)
  await Promise.all([
    killed.kill(),
    ...Array.from({ length: 30 }, (_, i) => a.send('message', { recipientId: bob, content: `n${i}` })),
  ])
  await cluster.redis.del(await cluster.redis.keys(`${cluster.prefix}:{dm:*`))
  // Ids of long ago, after the start: nobody promises that what is written now has an id of now.
  await old.insert(docs.slice(100))
  for (let i = 0; i < 3; i++) await cluster.addWorker()
  const messages = await eventually(
    () => synced(a, id),
    ({ length }) => length >= 181,
  )
  t.equal(messages.length, 181)
  t.equal(new Set(messages.map(({ _id }) => _id)).size, 181)
  const stored = await cluster.db.collection('messages').find({ conversationId: id }).toArray()
  const numbers = stored.map(({ seq }) => seq).sort((x, y) => x - y)
  t.same(
    numbers,
    Array.from(numbers, (_, i) => i + 1),
  )
  const texts = messages.filter(({ content }) => content.startsWith('o')).map(({ content }) => content)
  t.same(
    texts,
    docs.map(({ content }) => content),
    'in order all the same',
  )
  await eventually(
    () => a.get<ConversationList>('/chat'),
    ({ conversations }) => conversations[0]?.headSeq === numbers.at(-1),
  )
})

t.test('users of the existing system keep what their documents have', async (t) => {
  const cluster = await startCluster(t, { nodes: 1 })
  const old = new OldSystem(cluster.db)
  const ann = await old.user('Ann')
  const users = cluster.db.collection('users')
  const read = () => users.findOne({ _id: objectId(ann) })
  const before = await read()
  const a = new TestClient(cluster.url(0), ann, await mintToken(secret, ann, { name: '' }))
  await a.connected()
  await a.get(`/user/lastSeen/${ann}`)
  const zoe = await old.user('Zoe')
  const search = () => a.get<{ users: object[] }>('/user?search=zO')
  t.match(await eventually(search, ({ users: found }) => found.length > 0), {
    users: [{ _id: zoe, name: 'Zoe' }],
  })
  a.socket.disconnect()
  const after = await eventually(read, (doc) => doc?.lastSeen instanceof Date && doc.isOnline === false)
  t.match(after, before, 'the name too, for the token has none')
  t.equal(await users.countDocuments({}), 2)
})

t.test('switched off, old documents stay as they are', async (t) => {
  const cluster = new Cluster({ LEGACY_ADOPTION: 'off' })
  t.teardown(() => cluster.close())
  const old = new OldSystem(cluster.db)
  const [ann, bob] = [await old.user('Ann'), await old.user('Bob')]
  const first = await old.says(ann, { content: 'one', recipientId: bob })
  const before = await old.raw(first)
  await cluster.addGateway()
  await cluster.addWorker()
  t.equal((await fetch(`${cluster.url(0)}/readyz`)).status, 200)
  const a = await cluster.connect(ann)
  t.equal((await a.send('message', { recipientId: bob, content: 'x' })).seq, 1)
  t.match(await a.raw('react', { messageId: first, emoji: '👍' }), { error: { code: 'NOT_FOUND' } })
  t.same(await old.raw(first), before)
})

/** What is added to an old message, taken away. */
function withoutAdded({ conversationId, seq, earshot, changeSeq, ...rest }: Document): Document {
  t.ok(typeof conversationId === 'string' && seq > 0 && earshot)
  return rest
}

function members(...pairs: [string, string][]): { userId: string; role: string }[] {
  return pairs.map(([userId, role]) => ({ userId, role }))
}

function last(conversations: Conversation[], id: string): Message | null | undefined {
  return conversations.find(({ _id }) => _id === id)?.lastMessage
}

/** Asks until the answer is as expected; the test's own timeout bounds it. */
async function eventually<T>(ask: () => Promise<T>, isExpected: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (isExpected(answer)) return answer
  }
}

async function history(client: TestClient, conversationId: string, count: number): Promise<Message[]> {
  const path = `/chat/${encodeURIComponent(conversationId)}/messages?limit=200`
  const ask = async () => {
    const response = await client.http(path)
    return response.ok ? ((await response.json()) as HistoryPage).messages : []
  }
  return eventually(ask, (messages) => messages.length >= count)
}

async function synced(client: TestClient, conversationId: string): Promise<Message[]> {
  const { conversations } = await client.send('sync', { conversations: { [conversationId]: 0 } })
  return conversations[conversationId]?.messages ?? []
}
