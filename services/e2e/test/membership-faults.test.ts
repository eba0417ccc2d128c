/** Who is in a group, while nodes are cut off, die, and overtake each other. */
import type { Group, WireError } from '@earshot/protocol'
import t, { type Test } from 'tap'
import { type Cluster, startCluster } from '../src/cluster.ts'
import { Gate } from '../src/gate.ts'
import type { TestClient } from '../src/test-client.ts'
import { opaqueBytes, until, upload } from '../src/uploads.ts'
import { Wire } from '../src/wire.ts'

const put = { method: 'PUT', json: {} }
const remove = { method: 'DELETE' }

const memberPath = (groupId: string, userId: string) => `/group/${groupId}/members/${userId}`

/** A way to MongoDB on which answers can be held back, as a setting for a node. */
async function mongoGate(t: Test, cluster: Cluster): Promise<{ gate: Gate; env: Record<string, string> }> {
  const { gate, url } = await Gate.to(cluster.env.MONGODB_URI ?? '')
  t.teardown(() => gate.close())
  return { gate, env: { MONGODB_URI: url } }
}

async function redisWire(t: Test): Promise<{ wire: Wire; env: Record<string, string> }> {
  const { wire, url } = await Wire.to(process.env.TEST_REDIS_URL ?? '')
  t.teardown(() => wire.close())
  return { wire, env: { REDIS_URL: url } }
}

async function createGroup(owner: TestClient, members: string[]): Promise<string> {
  const response = await owner.http('/group', { method: 'POST', json: { name: 'G', members } })
  if (response.status !== 201) throw new Error(`POST /group: ${response.status} ${await response.text()}`)
  return ((await response.json()) as Group)._id
}

/** A file that only the group's members may load. */
async function attach(sender: TestClient, groupId: string): Promise<string> {
  const { url, mimeType, size } = await upload(sender, opaqueBytes(100))
  const file = { url, name: 'plan.bin', mimeType, size }
  await sender.send('group_message', { groupId, messageType: 'file', file })
  return url
}

/** Again, until a node that was cut off has all its connections. */
async function say(sender: TestClient, groupId: string, content: string): Promise<void> {
  const message = { groupId, messageType: 'text', content, clientMessageId: content }
  await until(async () => (await sender.raw('group_message', message)).ok)
}

/** Whatever way they ask. */
async function isOut(t: Test, client: TestClient, groupId: string, media: string): Promise<void> {
  t.equal((await client.http(media)).status, 404, 'no media')
  t.equal((await client.http(`/chat/${groupId}/messages`)).status, 404, 'no history')
  t.same((await client.send('sync', { conversations: { [groupId]: 0 } })).conversations, {}, 'no sync')
  t.match(await client.raw('group_message', { groupId, messageType: 'text', content: 'still here?' }), {
    error: { code: 'NOT_FOUND' },
  })
}

async function hearsNothing(
  t: Test,
  client: TestClient,
  { from, in: groupId }: { from: TestClient; in: string },
): Promise<void> {
  const secret = `secret ${Math.random()}`
  await say(from, groupId, secret)
  await client.barrier()
  t.notOk(
    client.heardOf('new_group_message').some(({ content }) => content === secret),
    'hears nothing',
  )
}

t.test('on a node that Redis is cut off from, no member is added or removed', async (t) => {
  const { wire, env } = await redisWire(t)
  const cluster = await startCluster(t, { nodes: 1 })
  await cluster.addGateway(env)
  const bob = await cluster.connect('bob', 0)
  const carl = await cluster.connect('carl', 0)
  const ann = await cluster.connect('ann', 1)
  const groupId = await createGroup(ann, ['bob'])
  const media = await attach(ann, groupId)
  t.equal((await bob.http(media)).status, 200)

  wire.cut()
  const refused = [
    await ann.http(memberPath(groupId, 'bob'), remove),
    await ann.http(memberPath(groupId, 'carl'), put),
    await ann.http(`/group/${groupId}`, remove),
    await ann.http('/group', { method: 'POST', json: { name: 'H', members: ['bob'] } }),
  ]
  for (const response of refused) {
    t.equal(response.status, 503)
    const { error } = (await response.json()) as { error: WireError }
    t.match(error, { code: 'RETRY_LATER', retryAfterMs: Number })
  }
  const { members } = await bob.get<Group>(`/group/${groupId}`)
  t.same(
    members.map(({ userId }) => userId),
    ['ann', 'bob'],
    'nothing was changed',
  )
  t.equal(await cluster.db.collection('groups').countDocuments({}), 1)

  wire.mend()
  await until(async () => (await ann.http(memberPath(groupId, 'bob'), remove)).status === 204)
  await bob.hears('group_member_removed')
  await isOut(t, bob, groupId, media)
  await hearsNothing(t, bob, { from: ann, in: groupId })
  t.equal((await ann.http(memberPath(groupId, 'carl'), put)).status, 204)
  await carl.hears('group_created')
})

t.test('Redis is cut off between the change and its announcement: the worker announces it', async (t) => {
  const { wire, env } = await redisWire(t)
  const cluster = await startCluster(t, { nodes: 1 })
  const { gate, env: mongo } = await mongoGate(t, cluster)
  await cluster.addGateway({ ...env, ...mongo })
  const bob = await cluster.connect('bob', 0)
  const dora = await cluster.connect('dora', 0)
  const ann = await cluster.connect('ann', 1)
  const groupId = await createGroup(ann, ['bob', 'dora'])
  const media = await attach(ann, groupId)
  t.equal((await bob.http(media)).status, 200)
  await dora.send('sync', { conversations: { [groupId]: 0 } })

  const held = gate.hold('delete', 'memberships', `${groupId}:bob`)
  const answer = ann.http(memberPath(groupId, 'bob'), remove)
  await held.asked
  wire.cut()
  held.release()
  t.equal((await answer).status, 503, 'nobody is told that it is done')

  t.match(await bob.hears('group_member_removed'), { groupId, userId: 'bob' })
  await isOut(t, bob, groupId, media)
  await hearsNothing(t, bob, { from: dora, in: groupId })
  wire.mend()
  // The node itself tells it as well, when it can.
  await until(async () => (await ann.http(memberPath(groupId, 'dora'), remove)).status === 204)
  await dora.hears('group_member_removed')
})

t.test('a node is killed between a change and its announcement', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 2 })
  const { gate, env } = await mongoGate(t, cluster)
  const doomed = await cluster.addProcess('gateway', env)
  const bob = await cluster.connect('bob', 0)
  const carl = await cluster.connect('carl', 0)
  const dora = await cluster.connect('dora', 0)
  const ann = await cluster.connectTo(doomed, 'ann')
  ann.socket.io.reconnection(false)
  const [left, joined] = [await createGroup(ann, ['bob', 'dora']), await createGroup(ann, ['dora'])]
  const media = await attach(ann, left)
  t.equal((await bob.http(media)).status, 200)
  await dora.send('sync', { conversations: { [left]: 0, [joined]: 0 } })
  t.same((await carl.send('sync', { conversations: { [joined]: 0 } })).conversations, {})

  const removal = gate.hold('delete', 'memberships', `${left}:bob`)
  const addition = gate.hold('update', 'memberships', `${joined}:carl`)
  const answers = Promise.allSettled([
    ann.http(memberPath(left, 'bob'), remove),
    ann.http(memberPath(joined, 'carl'), put),
  ])
  await Promise.all([removal.asked, addition.asked])
  const has = async (groupId: string, userId: string) =>
    (await cluster.db.collection('memberships').findOne({ groupId, userId })) !== null
  await until(async () => !(await has(left, 'bob')) && (await has(joined, 'carl')))
  await doomed.kill('SIGKILL')
  for (const { status } of await answers) t.equal(status, 'rejected')

  await bob.hears('group_member_removed')
  await isOut(t, bob, left, media)
  await hearsNothing(t, bob, { from: dora, in: left })
  await carl.hears('sync_required')
  await say(dora, joined, 'hello carl')
  await carl.hears('new_group_message', ({ content }) => content === 'hello carl')
})

t.test('a node that does not hear the others lets nobody hear a group', async (t) => {
  const cluster = await startCluster(t, { nodes: 1 })
  const { gate, url } = await Gate.to(process.env.TEST_REDIS_URL ?? '')
  t.teardown(() => gate.close())
  // Other tests have their nodes on the same Redis.
  const NODE_ID = `${cluster.prefix}-deaf`
  await cluster.addGateway({ REDIS_URL: url, NODE_ID })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const dora = await cluster.connect('dora', 1)
  const groupId = await createGroup(ann, ['bob', 'dora'])
  const media = await attach(ann, groupId)
  await bob.send('sync', { conversations: { [groupId]: 0 } })
  t.equal((await bob.http(media)).status, 200)

  // Its subscription alone: all else works, so that the node goes on serving.
  gate.turnAway()
  const port = subscriberPort(String(await cluster.redis.client('LIST')), NODE_ID)
  await cluster.redis.client('KILL', 'ADDR', `127.0.0.1:${port}`)
  await until(async () => !(await bob.http('/readyz')).ok)
  t.equal((await ann.http(memberPath(groupId, 'bob'), remove)).status, 204)
  await isOut(t, bob, groupId, media)
  await say(dora, groupId, 'said on the same node')

  gate.letIn()
  await Promise.all([bob.hears('sync_required'), dora.hears('sync_required')])
  await hearsNothing(t, bob, { from: dora, in: groupId })
  t.same(
    bob.heardOf('new_group_message').filter(({ content }) => content === 'said on the same node'),
    [],
  )
  await say(ann, groupId, 'live again')
  await dora.hears('new_group_message', ({ content }) => content === 'live again')
})

t.test('a subscription that hangs without an end is found out and made anew', async (t) => {
  const { wire, env } = await redisWire(t)
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  await cluster.addGateway(env)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const dora = await cluster.connect('dora', 1)
  const groupId = await createGroup(ann, ['bob', 'dora'])
  const media = await attach(ann, groupId)
  await dora.send('sync', { conversations: { [groupId]: 0 } })
  t.equal((await bob.http(media)).status, 200)
  wire.unplug()
  t.equal((await ann.http(memberPath(groupId, 'bob'), remove)).status, 204)
  await Promise.all([bob.hears('sync_required'), dora.hears('sync_required')])
  t.equal((await bob.http(media)).status, 404)
  await say(ann, groupId, 'heard again')
  await dora.hears('new_group_message', ({ content }) => content === 'heard again')
  await ann.send('message', { recipientId: 'bob', content: 'said after it' })
  await bob.hears('new_message', ({ content }) => content === 'said after it')
  t.notOk(bob.heardOf('new_group_message').some(({ content }) => content === 'heard again'))
})

t.test('an answer of MongoDB that was overtaken by a change lets nobody in', async (t) => {
  const cluster = await startCluster(t, { nodes: 1 })
  const { gate, env } = await mongoGate(t, cluster)
  await cluster.addGateway(env)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const groupId = await createGroup(ann, [])
  const media = await attach(ann, groupId)

  const followed = gate.hold('find', 'memberships', `${groupId}:bob`)
  t.equal((await ann.http(memberPath(groupId, 'bob'), put)).status, 204)
  await followed.asked
  const entered = gate.hold('find', 'memberships', `${groupId}:bob`)
  const synced = bob.send('sync', { conversations: { [groupId]: 0 } })
  await entered.asked
  t.equal((await ann.http(memberPath(groupId, 'bob'), remove)).status, 204)
  await bob.hears('group_member_removed')
  followed.release()
  entered.release()
  t.same((await synced).conversations, {})
  await hearsNothing(t, bob, { from: ann, in: groupId })
  await isOut(t, bob, groupId, media)
})

t.test('who is removed or added while they connect', async (t) => {
  const cluster = await startCluster(t, { nodes: 1 })
  const { gate, env } = await mongoGate(t, cluster)
  await cluster.addGateway(env)
  const ann = await cluster.connect('ann', 0)
  const carl = await cluster.connect('carl', 1)
  for (const userId of ['bob', 'eve']) (await cluster.connect(userId, 1)).socket.disconnect()
  const groupId = await createGroup(ann, ['bob', 'carl'])
  await carl.send('sync', { conversations: { [groupId]: 0 } })

  const held = gate.hold('find', 'memberships', 'bob')
  const connecting = cluster.connect('bob', 1)
  await held.asked
  t.equal((await ann.http(memberPath(groupId, 'bob'), remove)).status, 204)
  await carl.hears('group_member_removed')
  held.release()
  await hearsNothing(t, await connecting, { from: ann, in: groupId })

  const heldAgain = gate.hold('find', 'memberships', 'eve')
  const connectingToo = cluster.connect('eve', 1)
  await heldAgain.asked
  t.equal((await ann.http(memberPath(groupId, 'eve'), put)).status, 204)
  await carl.hears('group_member_added', ({ userId }) => userId === 'eve')
  heldAgain.release()
  const eve = await connectingToo
  await say(ann, groupId, 'hello eve')
  await eve.hears('new_group_message', ({ content }) => content === 'hello eve')
})

t.test('a node that is told of a change and cannot read it: in doubt, until it can', async (t) => {
  const cluster = await startCluster(t, { nodes: 1 })
  const { gate, env } = await mongoGate(t, cluster)
  await cluster.addGateway(env)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const carl = await cluster.connect('carl', 1)
  const groupId = await createGroup(ann, ['bob'])
  await bob.send('sync', { conversations: { [groupId]: 0 } })
  gate.refuse('find', 'memberships', `${groupId}:`)
  const admin = { method: 'PUT', json: { role: 'admin' } }
  t.equal((await ann.http(memberPath(groupId, 'bob'), admin)).status, 204)
  t.equal((await ann.http(memberPath(groupId, 'carl'), put)).status, 204)
  await Promise.all([bob.hears('sync_required'), carl.hears('sync_required')])
  await say(ann, groupId, 'read again')
  await bob.hears('new_group_message', ({ content }) => content === 'read again')
  await carl.hears('new_group_message', ({ content }) => content === 'read again')
})

t.test('a role that was changed counts on every node; a deleted group is gone on every node', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  for (const userId of ['carl', 'eve']) await cluster.connect(userId, 1)
  const groupId = await createGroup(ann, ['bob'])
  const media = await attach(ann, groupId)
  t.equal((await bob.http(memberPath(groupId, 'carl'), put)).status, 403, 'a member adds nobody')
  const role = (role: string) => ({ method: 'PUT', json: { role } })
  t.equal((await ann.http(memberPath(groupId, 'bob'), role('admin'))).status, 204)
  await bob.hears('group_member_added', ({ role }) => role === 'admin')
  t.equal((await bob.http(memberPath(groupId, 'carl'), put)).status, 204, 'an admin does')
  t.equal((await ann.http(memberPath(groupId, 'bob'), role('member'))).status, 204)
  await bob.hears('group_member_added', ({ userId, role }) => userId === 'bob' && role === 'member')
  t.equal((await bob.http(memberPath(groupId, 'eve'), put)).status, 403, 'and no more')
  t.equal((await ann.http(`/group/${groupId}`, remove)).status, 204)
  await bob.hears('group_updated', ({ isDeleted }) => isDeleted === true)
  await isOut(t, bob, groupId, media)
  t.match(await ann.raw('group_message', { groupId, messageType: 'text', content: 'gone' }), {
    error: { code: 'NOT_FOUND' },
  })
})

/** Redis' end of a node's subscription, by the name that the node gave it. */
function subscriberPort(clients: string, nodeId: string): string {
  const line = clients.split('\n').find((client) => client.includes(`name=${nodeId}:subscribe`))
  const port = /addr=[\d.]+:(\d+)/.exec(line ?? '')?.[1]
  if (port === undefined) throw new Error('there is no such connection')
  return port
}
