import { type ConversationList, directConversationId, type Group, type SearchResult } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import type { TestClient } from '../src/test-client.ts'

const list = async (client: TestClient, query = '') => client.get<ConversationList>(`/chat${query}`)
const contents = ({ conversations }: ConversationList) =>
  conversations.map(({ lastMessage }) => lastMessage?.content)

t.test('a message that was acknowledged is in the list from then on, on every node', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  await cluster.connect('carl', 1)
  const created = await ann.http('/group', { method: 'POST', json: { name: 'Trip', members: ['bob'] } })
  const { _id: groupId } = (await created.json()) as Group
  await bob.hears('group_created')

  for (let i = 1; i <= 5; i++) {
    await ann.send('message', { recipientId: 'bob', content: `to bob ${i}` })
    t.match(await list(bob), {
      conversations: [{ headSeq: i, unreadCount: i, lastMessage: { content: `to bob ${i}`, seq: i } }, {}],
    })
    await ann.send('group_message', { groupId, messageType: 'text', content: `to all ${i}` })
    t.match(await list(bob), {
      conversations: [
        { _id: groupId, headSeq: i, unreadCount: i, lastMessage: { content: `to all ${i}` } },
        {},
      ],
    })
    await ann.send('message', { recipientId: 'carl', content: `to carl ${i}` })
    t.same(contents(await list(bob)), [`to all ${i}`, `to bob ${i}`], 'and what is not his is not')
    t.same(contents(await list(ann)), [`to carl ${i}`, `to all ${i}`, `to bob ${i}`])
  }
  const unread = (await list(ann)).conversations.map(({ unreadCount }) => unreadCount)
  t.same(unread, [0, 0, 0], 'what one said oneself')
})

t.test(
  'what changed in the last message is in the list, whether that was written before or not',
  async (t) => {
    const cluster = await startCluster(t, { workers: 0 })
    const ann = await cluster.connect('ann', 0)
    const bob = await cluster.connect('bob', 1)
    const { _id: messageId } = await ann.send('message', { recipientId: 'bob', content: 'one' })
    await ann.send('edit_message', { messageId, content: 'two' })
    t.same(contents(await list(bob)), ['two'])
    await ann.send('delete_message', { messageId })
    t.match((await list(bob)).conversations, [
      { headSeq: 1, lastMessage: { content: '', deletedAt: String } },
    ])
    await cluster.addWorker()
    while ((await cluster.redis.keys(`${cluster.prefix}:{heads*`)).length > 0) await list(bob)
    t.match((await list(bob)).conversations, [
      { headSeq: 1, lastMessage: { content: '', deletedAt: String } },
    ])
  },
)

t.test('pages: nothing twice, nothing left out, at one millisecond and while heads wait', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const tied = new Date('2024-05-01T12:00:00.000Z')
  const before = new Date('2024-05-01T11:59:59.999Z')
  const docs = Array.from({ length: 9 }, (_, i) => ({
    _id: directConversationId('ann', `u${i}`),
    kind: 'direct',
    members: ['ann', `u${i}`],
    headSeq: 0,
    lastMessage: null,
    updatedAt: i < 7 ? tied : before,
  }))
  await cluster.db.collection<{ _id: string }>('conversations').insertMany(docs)
  await cluster.connect('u3', 1)
  await cluster.connect('new', 1)
  await ann.send('message', { recipientId: 'u3', content: 'moves to the top' })
  await ann.send('message', { recipientId: 'new', content: 'above it' })

  const expected = [
    directConversationId('ann', 'new'),
    directConversationId('ann', 'u3'),
    ...[6, 5, 4, 2, 1, 0, 8, 7].map((i) => directConversationId('ann', `u${i}`)),
  ]
  for (const limit of [1, 2, 3, 4]) {
    const seen: string[] = []
    for (let next: string | undefined = ''; next !== undefined; ) {
      const page = await list(ann, `?limit=${limit}${next && `&before=${encodeURIComponent(next)}`}`)
      seen.push(...page.conversations.map(({ _id }) => _id))
      next = page.next
    }
    t.same(seen, expected, `pages of ${limit}`)
  }
  const earlier = await list(ann, `?before=${tied.toISOString()}`)
  t.same(
    earlier.conversations.map(({ _id }) => _id),
    expected.slice(-2),
    'a time alone, as earlier versions answered',
  )
  for (const bad of ['x', 'e30', 'WzFd', '[1]', '2024-13-01T12:00:00.000Z', 'WyJhIiwiYiJd']) {
    const answer = await ann.http(`/chat?before=${encodeURIComponent(bad)}`)
    t.equal(answer.status, 400, bad)
    t.match(await answer.json(), { error: { code: 'BAD_REQUEST', field: 'before' } })
  }
})

t.test('without room in Redis all goes to MongoDB at once', async (t) => {
  const cluster = await startCluster(t, { workers: 0, env: { WRITE_BEHIND_MAX: '0' } })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const { conversationId } = await ann.send('message', { recipientId: 'bob', content: 'one' })
  await ann.send('message', { recipientId: 'bob', content: 'two' })
  t.match((await list(bob)).conversations, [{ headSeq: 2, unreadCount: 2, lastMessage: { content: 'two' } }])
  await bob.send('message_read', { conversationId, seq: 1 })
  t.match((await list(ann)).conversations, [{ marks: [{ userId: 'bob', deliveredSeq: 1, readSeq: 1 }] }])
  t.same(await cluster.redis.keys(`${cluster.prefix}:{heads*`), [])
  t.same(await cluster.redis.keys(`${cluster.prefix}:{marks*`), [])
})

t.test('what one wrote oneself is not unread, whoever wrote last and however it is kept', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('b.o$b', 1)
  const created = await ann.http('/group', { method: 'POST', json: { name: 'G', members: [bob.userId] } })
  const { _id: groupId } = (await created.json()) as Group
  await bob.hears('group_created')
  const toBob = (content: string) => ann.send('message', { recipientId: bob.userId, content })
  const toAll = (from: TestClient, content: string) =>
    from.send('group_message', { groupId, messageType: 'text', content })
  const unread = async (client: TestClient) =>
    (await list(client)).conversations.map(({ unreadCount }) => unreadCount)

  for (const content of ['1', '2', '3']) await Promise.all([toBob(content), toAll(ann, content)])
  await bob.send('message', { recipientId: 'ann', content: '4' })
  await Promise.all([toBob('5'), toAll(bob, '4')])
  await bob.send('message', { recipientId: 'ann', content: '6' })
  t.same(await unread(ann), [1, 1])
  t.same(await unread(bob), [0, 0])
  await Promise.all([toBob('7'), toAll(ann, '5')])
  t.same((await unread(bob)).sort(), [1, 1])
  await cluster.addWorker()
  while ((await cluster.redis.keys(`${cluster.prefix}:{heads*`)).length > 0) await list(bob)
  t.same((await unread(bob)).sort(), [1, 1], 'carried to MongoDB')
  t.same(await unread(ann), [0, 0])
  await bob.send('message', { recipientId: 'ann', content: '8' })
  t.same((await unread(ann)).sort(), [0, 1], 'one of each')
})

t.test(
  'what one wrote oneself stays read when the last message is changed before it is carried',
  async (t) => {
    const cluster = await startCluster(t, { nodes: 1, workers: 0 })
    const ann = await cluster.connect('ann')
    const bob = await cluster.connect('bob')
    for (const content of ['1', '2', '3']) await ann.send('message', { recipientId: 'bob', content })
    await bob.send('message', { recipientId: 'ann', content: '4' })
    const { _id: messageId } = await ann.send('message', { recipientId: 'bob', content: '5' })
    await ann.send('edit_message', { messageId, content: 'five' })
    const unread = async () => (await list(bob)).conversations.map(({ unreadCount }) => unreadCount)
    t.same(await unread(), [1])
    await cluster.addWorker()
    while ((await cluster.redis.keys(`${cluster.prefix}:{heads*`)).length > 0) await list(bob)
    t.same(await unread(), [1], 'carried to MongoDB')
  },
)

t.test('the last message has its status, and the mark is that of the receipts', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const carl = await cluster.connect('carl', 1)
  const created = await ann.http('/group', { method: 'POST', json: { name: 'G', members: ['bob', 'carl'] } })
  const { _id: groupId } = (await created.json()) as Group
  await Promise.all([bob.hears('group_created'), carl.hears('group_created')])
  const { conversationId } = await ann.send('message', { recipientId: 'bob', content: 'findable' })
  await ann.send('group_message', { groupId, messageType: 'text', content: 'findable' })
  const statuses = async () => (await list(ann)).conversations.map(({ lastMessage }) => lastMessage?.status)
  t.same(await statuses(), ['sent', 'sent'])
  await bob.send('message_read', { conversationId, seq: 1 })
  await bob.send('message_read', { conversationId: groupId, seq: 1 })
  t.same(await statuses(), ['sent', 'read'], 'not by all of the group')
  await carl.send('message_delivered', { conversationId: groupId, seq: 1 })
  t.same(await statuses(), ['delivered', 'read'])
  const found = await ann.get<SearchResult>('/message/search?q=findable')
  t.same(
    found.messages.map(({ status }) => status),
    ['delivered', 'read'],
    'and where it is found',
  )
  t.equal((await bob.http('/user/me/settings', { method: 'PUT', json: { receipts: false } })).status, 200)
  const onHisNode = (await bob.get<ConversationList>('/chat')).conversations
  t.same(
    onHisNode.map(({ marks }) => marks.length),
    [1, 1],
  )
  await cluster.addGateway()
  const elsewhere = await cluster.connect('ann', 2)
  t.match((await list(elsewhere)).conversations, [
    { lastMessage: { status: 'delivered' } },
    { lastMessage: { status: 'delivered' }, marks: [{ userId: 'bob', deliveredSeq: 1, readSeq: 0 }] },
  ])
})
