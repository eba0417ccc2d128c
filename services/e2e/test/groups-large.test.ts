import type { Group, HistoryPage, WireError } from '@earshot/protocol'
import t from 'tap'
import { type Cluster, startCluster } from '../src/cluster.ts'
import { OldSystem, objectId } from '../src/old-system.ts'
import type { TestClient } from '../src/test-client.ts'

const put = { method: 'PUT', json: {} }
const remove = { method: 'DELETE' }

/** People who exist and were never online. */
async function absentees(cluster: Cluster, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, i) => `absent-${i}`)
  const docs = ids.map((_id) => ({ _id, name: _id, nameLower: _id }))
  await cluster.db.collection<{ _id: string }>('users').insertMany(docs)
  return ids
}

async function createGroup(owner: TestClient, members: string[]): Promise<Group> {
  const response = await owner.http('/group', { method: 'POST', json: { name: 'Many', members } })
  if (response.status !== 201) throw new Error(`POST /group: ${response.status} ${await response.text()}`)
  return (await response.json()) as Group
}

async function errorOf(response: Response): Promise<WireError> {
  return ((await response.json()) as { error: WireError }).error
}

t.test('5,000 members, and no more', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const carl = await cluster.connect('carl', 1)
  const others = ['bob', ...(await absentees(cluster, 4_999))]

  const tooMany = await ann.http('/group', { method: 'POST', json: { name: 'Many', members: others } })
  t.equal(tooMany.status, 413)
  t.match(await errorOf(tooMany), { code: 'TOO_LARGE', field: 'members' })

  const group = await createGroup(ann, others.slice(0, -1))
  const { _id: groupId } = group
  t.equal(group.members.length, 5_000)
  t.equal(group.memberCount, 5_000)
  t.match(await bob.hears('group_created'), { _id: groupId, memberCount: 5_000, members: [] })
  await bob.send('group_message', { groupId, messageType: 'text', content: 'hello all' })
  await ann.hears('new_group_message', ({ content }) => content === 'hello all')

  const oneMore = await ann.http(`/group/${groupId}/members/carl`, put)
  t.equal(oneMore.status, 413)
  t.match(await errorOf(oneMore), { code: 'TOO_LARGE', field: 'members' })
  t.equal((await bob.http(`/group/${groupId}/members/bob`, remove)).status, 204)
  t.equal((await ann.http(`/group/${groupId}/members/carl`, put)).status, 204, 'there is a place again')
  t.match(await carl.hears('group_created'), { _id: groupId, memberCount: 5_000, members: [] })
  const read = await carl.get<Group>(`/group/${groupId}`)
  t.equal(read.members.length, 5_000)
  t.equal(read.memberCount, 5_000)

  t.equal((await ann.http(`/group/${groupId}`, remove)).status, 204)
  await carl.hears('group_updated', ({ isDeleted }) => isDeleted === true)
  t.equal((await carl.http(`/group/${groupId}`)).status, 404)
})

t.test('the last places are given once, whoever asks on whichever node', async (t) => {
  const cluster = await startCluster(t, { workers: 0, env: { LIMIT_GROUP_MAX_MEMBERS: '6' } })
  const ann = await cluster.connect('ann', 0)
  const annElsewhere = await cluster.connect('ann', 1)
  const wanted = await absentees(cluster, 10)
  const { _id: groupId } = await createGroup(ann, [])
  const add = (userId: string, i: number) =>
    (i % 2 === 0 ? ann : annElsewhere).http(`/group/${groupId}/members/${userId}`, put)
  const members = async () => (await ann.get<Group>(`/group/${groupId}`)).members.map(({ userId }) => userId)

  // Everybody twice at once, by either node: who is in already takes no second place.
  const answers = await Promise.all(wanted.flatMap((userId) => [add(userId, 0), add(userId, 1)]))
  const codes = new Map<number, number>()
  for (const { status } of answers) codes.set(status, (codes.get(status) ?? 0) + 1)
  t.same(
    [...codes].sort(),
    [
      [204, 10],
      [413, 10],
    ],
    'five were let in, each of them asked for twice',
  )
  const first = await members()
  t.equal(first.length, 6)

  const [, leaving = ''] = first
  const waiting = wanted.filter((userId) => !first.includes(userId))
  t.equal((await ann.http(`/group/${groupId}/members/${leaving}`, remove)).status, 204)
  const again = await Promise.all(waiting.map(add))
  t.equal(again.filter(({ status }) => status === 204).length, 1, 'one place, one member')
  t.equal((await members()).length, 6)
})

t.test('who dies amid a change of the members holds up the others, but not for long', async (t) => {
  const cluster = await startCluster(t, { workers: 0, env: { LIMIT_GROUP_MAX_MEMBERS: '3' } })
  const ann = await cluster.connect('ann', 0)
  const annElsewhere = await cluster.connect('ann', 1)
  const [one = '', two = '', three = ''] = await absentees(cluster, 3)
  const { _id: groupId } = await createGroup(ann, [])
  // What a node leaves that was killed when it had added the first, and not noted it.
  await cluster.db
    .collection<{ _id: string; token: string; beat: number }>('group_turns')
    .insertOne({ _id: groupId, token: 'x', beat: 0 })
  const membership = { _id: `${groupId}:${one}`, groupId, userId: one, role: 'member', joinedAt: new Date() }
  await cluster.db.collection<{ _id: string }>('memberships').insertOne(membership)

  const path = `/group/${groupId}/members`
  const [second, third] = await Promise.all([
    ann.http(`${path}/${two}`, put),
    annElsewhere.http(`${path}/${three}`, put),
  ])
  t.same([second?.status, third?.status].sort(), [204, 413], 'the first was counted')
  t.equal((await ann.get<Group>(`/group/${groupId}`)).members.length, 3)
})

t.test('a group has an owner, whoever leaves at the same time', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const [ann, bob, carl] = await Promise.all([
    cluster.connect('ann', 0),
    cluster.connect('bob', 1),
    cluster.connect('carl', 0),
  ])
  await absentees(cluster, 1)
  for (let round = 0; round < 8; round++) {
    const { _id: groupId } = await createGroup(ann, ['bob', 'carl', 'absent-0'])
    await ann.http(`/group/${groupId}/members/bob`, { method: 'PUT', json: { role: 'admin' } })
    // The owner, the heir, and the heir's heir.
    const left = await Promise.all(
      [ann, bob, carl].map((person) => person.http(`/group/${groupId}/members/${person.userId}`, remove)),
    )
    t.same(
      left.map(({ status }) => status),
      [204, 204, 204],
    )
    const memberships = await cluster.db.collection('memberships').find({ groupId }).toArray()
    t.match(memberships, [{ userId: 'absent-0', role: 'owner' }], 'who is left owns it')
    t.equal(memberships.length, 1, 'nobody who left was made a member again')
  }
})

t.test('an owner whom the existing system takes away has an heir', async (t) => {
  const cluster = await startCluster(t)
  const old = new OldSystem(cluster.db)
  const [ann, bob, carl] = [await old.user('Ann'), await old.user('Bob'), await old.user('Carl')]
  const [a, b] = [await cluster.connect(ann, 0), await cluster.connect(bob, 1)]
  const chat = await old.chat([ann, bob, carl], { chatName: 'Now', groupAdmin: ann })
  await old.saysNow(ann, { chat: objectId(chat), content: 'hello' })
  await b.hears('group_created', ({ _id }) => _id === chat)
  t.equal(
    (await a.http(`/group/${chat}/members/${carl}`, { method: 'PUT', json: { role: 'admin' } })).status,
    204,
  )

  const users = [bob, carl].map(objectId)
  await cluster.db.collection('chats').updateOne({ _id: objectId(chat) }, { $set: { users } })
  await old.saysNow(bob, { chat: objectId(chat), content: 'ann is out' })
  await a.hears('group_member_removed', ({ groupId }) => groupId === chat)
  t.match(await b.hears('group_member_added', ({ role }) => role === 'owner'), { userId: carl })
  t.match(await b.get<Group>(`/group/${chat}`), { memberCount: 2 })
})

t.test('in a large group nobody is told who has read', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const bobsPhone = await cluster.connect('bob', 0)
  const others = await absentees(cluster, 99)
  const large = await createGroup(ann, ['bob', ...others])
  const small = await createGroup(ann, ['bob', ...others.slice(0, 98)])
  t.equal(small.memberCount, 100)
  for (const { _id: groupId } of [large, small]) {
    const { seq } = await ann.send('group_message', { groupId, messageType: 'text', content: 'x' })
    await bob.send('message_read', { conversationId: groupId, seq })
    // One's own devices share the mark: by then it is told to all who are told.
    await bobsPhone.hears('message_status_changed', ({ conversationId }) => conversationId === groupId)
  }
  await ann.hears('message_status_changed', ({ conversationId }) => conversationId === small._id)
  await ann.barrier()
  t.same(
    ann.heardOf('message_status_changed').filter(({ conversationId }) => conversationId === large._id),
    [],
  )
  const page = await ann.get<HistoryPage>(`/chat/${large._id}/messages`)
  t.match(page.messages, [{ status: 'sent' }])
})
