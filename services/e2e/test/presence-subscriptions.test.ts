import type { GroupPresence, UserStatus } from '@earshot/protocol'
import t from 'tap'
import { type Cluster, startCluster } from '../src/cluster.ts'
import type { TestClient } from '../src/test-client.ts'

/** So long that only what ends a hold does. */
const forEver = { PRESENCE_COALESCE_MS: '3600000' }

const of =
  (userId: string, isOnline: boolean, after = -1) =>
  (status: UserStatus): boolean =>
    status.userId === userId && status.isOnline === isOnline && status.version > after

function heard(client: TestClient, userId: string): UserStatus[] {
  return client.heardOf('user_status_changed').filter((status) => status.userId === userId)
}

async function comes(cluster: Cluster, userId: string, node: number): Promise<TestClient> {
  const client = await cluster.connect(userId, node)
  await client.send('user_online', userId)
  return client
}

/** Resolves when the server has taken note that the client left. */
async function leaves(cluster: Cluster, client: TestClient): Promise<void> {
  client.socket.disconnect()
  const shards = Array.from({ length: 4 }, (_, shard) => `${cluster.prefix}:{p${shard}}:deadlines`)
  const isThere = async () =>
    (await Promise.all(shards.map((key) => cluster.redis.zscore(key, client.userId)))).some(Boolean)
  while (await isThere());
}

async function coalesced(cluster: Cluster): Promise<number> {
  const texts = await Promise.all(
    [0, 1].map(async (node) => (await fetch(`${cluster.url(node)}/metrics`)).text()),
  )
  const count = (text: string) => Number(/^earshot_presence_coalesced_total\{.*\} (\d+)$/m.exec(text)?.[1])
  return texts.reduce((sum, text) => sum + count(text), 0)
}

for (const how of ['watches', 'hears all'] as const) {
  t.test(`who is back at once, on any node, never left: ${how}`, async (t) => {
    const cluster = await startCluster(t, { env: forEver })
    const ann = await cluster.connect('ann', 0)
    if (how === 'watches') await ann.send('presence_subscribe', { userIds: ['bob', 'zoe'] })
    const first = await comes(cluster, 'bob', 1)
    await ann.hears('user_status_changed', of('bob', true))
    await leaves(cluster, first)
    const second = await comes(cluster, 'bob', 0)
    await leaves(cluster, second)
    const third = await comes(cluster, 'bob', 1)
    // What is told of her is told after what was told of him before.
    await comes(cluster, 'zoe', 0)
    await comes(cluster, 'zoe', 1)
    await ann.hears('user_status_changed', of('zoe', true))
    t.equal(heard(ann, 'bob').length, 1, 'that he came, once')
    t.ok((await coalesced(cluster)) >= 2, 'and this is counted')

    await leaves(cluster, third)
    const carl = await cluster.connect('carl', 0)
    const { statuses } = await carl.send('presence_subscribe', { userIds: ['bob'] })
    t.match(statuses, [{ isOnline: false }], 'who asks is told what is true')
    const gone = await ann.hears('user_status_changed', of('bob', false))
    t.equal(gone.version, statuses[0]?.version, 'and then all are')
    await comes(cluster, 'bob', 0)
    await ann.hears('user_status_changed', of('bob', true, gone.version))
    await carl.hears('user_status_changed', of('bob', true, gone.version))
    t.same(
      heard(ann, 'bob').map(({ isOnline }) => isOnline),
      [true, false, true],
    )
  })
}

t.test('of several changes the last one is told', async (t) => {
  const cluster = await startCluster(t, { env: { PRESENCE_COALESCE_MS: '1500' } })
  const ann = await cluster.connect('ann', 0)
  await ann.send('presence_subscribe', { userIds: ['bob'] })
  const first = await comes(cluster, 'bob', 1)
  const { version } = await ann.hears('user_status_changed', of('bob', true))
  await leaves(cluster, first)
  await leaves(cluster, await comes(cluster, 'bob', 0))
  // However slow this machine is: the last word is that he left, and versions grow.
  const { statuses } = await ann.send('presence_subscribe', { userIds: ['bob'] })
  const last = await ann.hears('user_status_changed', (status) => status.version === statuses[0]?.version)
  t.match(last, { isOnline: false })
  const versions = heard(ann, 'bob').map((status) => status.version)
  t.same(versions, [...versions].sort())
  t.ok(last.version > version)
})

t.test('a socket watches so many and no more', async (t) => {
  const cluster = await startCluster(t, {
    env: { LIMIT_SUBSCRIBE_MAX_USERS: '3', LIMIT_SUBSCRIBE_MAX_USERS_PER_SOCKET: '4' },
  })
  const ann = await cluster.connect('ann', 0)
  const watch = (...userIds: string[]) => ann.raw('presence_subscribe', { userIds })
  const tooLarge = { ok: false, error: { code: 'TOO_LARGE', field: 'userIds' } }
  t.match(await watch('a', 'b', 'c', 'd'), tooLarge, 'at once')
  t.match(await watch('a', 'b', 'c'), { ok: true })
  t.match(await watch('a', 'b', 'c'), { ok: true }, 'once more is not more')
  t.match(await watch('a', 'a', 'b'), { ok: true, statuses: [{ userId: 'a' }, { userId: 'b' }] })
  t.match(await watch('d', 'e'), tooLarge, 'in all')
  t.match(await watch('d'), { ok: true })
  // Refused as a whole: nothing of it counts.
  t.match(await watch('e'), tooLarge)
  await ann.send('presence_unsubscribe', { userIds: ['a', 'never-watched'] })
  t.match(await watch('e'), { ok: true }, 'room again')
  const both = await Promise.all([
    ann.raw('presence_unsubscribe', { userIds: ['b'] }),
    watch('f'),
    watch('g'),
  ])
  t.equal(both.filter((answer) => answer.ok).length, 2, 'two at once share the last place')

  const eve = await comes(cluster, 'e', 1)
  await ann.hears('user_status_changed', of('e', true))
  await ann.send('presence_unsubscribe', { userIds: ['e'] })
  await leaves(cluster, eve)
  await comes(cluster, 'd', 1)
  await ann.hears('user_status_changed', of('d', true))
  t.equal(heard(ann, 'e').length, 1)
  for (const payload of [
    {},
    { userIds: [] },
    { groupIds: [] },
    { userIds: 'a' },
    { userIds: ['a'], all: true },
  ]) {
    t.match(await ann.raw('presence_subscribe', payload), { ok: false, error: { code: 'BAD_REQUEST' } })
  }
})

t.test('a client that hears of everybody, unless the operator switched it off', async (t) => {
  const cluster = await startCluster(t, { env: { PRESENCE_BROADCAST: 'false' } })
  const ann = await cluster.connect('ann', 0)
  const bob = await comes(cluster, 'bob', 1)
  await ann.send('presence_subscribe', { userIds: ['zoe'] })
  await bob.send('presence_visibility', { lastSeen: 'contacts' })
  await bob.send('presence_visibility', { lastSeen: 'everyone' })
  await comes(cluster, 'zoe', 1)
  await ann.hears('user_status_changed', of('zoe', true))
  t.same(heard(ann, 'bob'), [])
})

async function group(owner: TestClient, members: string[]): Promise<string> {
  const response = await owner.http('/group', { method: 'POST', json: { name: 'g', members } })
  return ((await response.json()) as { _id: string })._id
}

const counted = (onlineCount: number) => (presence: GroupPresence) => presence.onlineCount === onlineCount

t.test('a small group is watched by name', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await comes(cluster, 'bob', 1)
  await comes(cluster, 'carl', 1)
  const groupId = await group(ann, ['bob', 'carl'])
  const { statuses, groups } = await ann.send('presence_subscribe', { groupIds: [groupId] })
  t.same(
    statuses.map(({ userId, isOnline }) => [userId, isOnline]),
    [
      ['bob', true],
      ['carl', true],
    ],
  )
  t.same(groups, [])
  await leaves(cluster, bob)
  await ann.hears('user_status_changed', of('bob', false))
  await ann.send('presence_unsubscribe', { groupIds: [groupId] })
  await comes(cluster, 'bob', 0)
  await ann.send('presence_subscribe', { userIds: ['zoe'] })
  await comes(cluster, 'zoe', 1)
  await ann.hears('user_status_changed', of('zoe', true))
  t.notOk(heard(ann, 'bob').at(-1)?.isOnline)

  const stranger = await cluster.connect('eve', 1)
  t.match(await stranger.raw('presence_subscribe', { groupIds: [groupId] }), {
    ok: false,
    error: { code: 'NOT_FOUND', field: 'groupId' },
  })
})

t.test('of a large group it is told how many are online', async (t) => {
  const cluster = await startCluster(t, {
    env: { LIMIT_PRESENCE_NAMES_MAX_MEMBERS: '2', PRESENCE_GROUP_COUNT_MS: '100' },
  })
  const ann = await comes(cluster, 'ann', 0)
  const bob = await comes(cluster, 'bob', 1)
  await (await comes(cluster, 'carl', 1)).send('presence_visibility', { lastSeen: 'contacts' })
  const dan = await cluster.connect('dan', 1)
  await leaves(cluster, dan)
  const groupId = await group(ann, ['bob', 'carl', 'dan'])
  const first = await ann.send('presence_subscribe', { groupIds: [groupId] })
  t.match(first, { statuses: [], groups: [{ groupId, memberCount: 4, onlineCount: 2 }] })
  t.match(await bob.send('presence_subscribe', { groupIds: [groupId], userIds: ['ann'] }), {
    statuses: [{ userId: 'ann', isOnline: true }],
    groups: [{ onlineCount: 2 }],
  })

  await comes(cluster, 'dan', 0)
  const more = await ann.hears('group_presence', counted(3))
  t.ok(more.version > (first.groups?.[0]?.version ?? 0))
  await bob.hears('group_presence', counted(3))
  // Before she subscribed she heard of everybody, so maybe that he left.
  t.same(heard(ann, 'dan').filter(of('dan', true)), [], 'no names')

  await bob.send('presence_visibility', { lastSeen: 'nobody' })
  await ann.hears('group_presence', (presence) => counted(2)(presence) && presence.version > more.version)
  t.match(
    await bob.send('presence_subscribe', { groupIds: [groupId] }),
    { groups: [{ memberCount: 4, onlineCount: null }] },
    'who is not counted is told no count',
  )
  const before = bob.heardOf('group_presence').length
  const { http } = ann
  await http.call(ann, `/group/${groupId}/members/dan`, { method: 'DELETE' })
  await ann.hears('group_presence', (presence) => presence.memberCount === 3)
  await bob.barrier()
  t.equal(bob.heardOf('group_presence').length, before)

  await ann.send('presence_unsubscribe', { groupIds: [groupId] })
  const known = ann.heardOf('group_presence').length
  const dora = await comes(cluster, 'dora', 1)
  await http.call(ann, `/group/${groupId}/members/dora`, { method: 'PUT' })
  const joined = await dora.send('presence_subscribe', { groupIds: [groupId] })
  // Told once: by the answer, or by the next count.
  if (joined.groups?.[0]?.memberCount !== 4)
    await dora.hears('group_presence', ({ memberCount }) => memberCount === 4)
  await ann.barrier()
  t.equal(ann.heardOf('group_presence').length, known)
})

t.test('a group that is counted is one more that a socket watches', async (t) => {
  const cluster = await startCluster(t, {
    env: {
      LIMIT_PRESENCE_NAMES_MAX_MEMBERS: '2',
      LIMIT_SUBSCRIBE_MAX_USERS: '2',
      LIMIT_SUBSCRIBE_MAX_USERS_PER_SOCKET: '2',
    },
  })
  const ann = await cluster.connect('ann', 0)
  for (const userId of ['bob', 'carl']) await cluster.connect(userId, 1)
  const groupIds = await Promise.all([1, 2, 3].map(() => group(ann, ['bob', 'carl'])))
  const [first = '', second = '', third = ''] = groupIds
  t.match(await ann.raw('presence_subscribe', { groupIds: [first] }), { ok: true })
  t.match(await ann.raw('presence_subscribe', { groupIds: [first], userIds: ['bob'] }), { ok: true })
  const tooLarge = { ok: false, error: { code: 'TOO_LARGE' } }
  t.match(await ann.raw('presence_subscribe', { groupIds: [second] }), tooLarge)
  t.match(await ann.raw('presence_subscribe', { userIds: ['carl'] }), tooLarge)
  t.match(await ann.raw('presence_unsubscribe', { groupIds: [first, second, third] }), tooLarge, 'at once')
  await ann.send('presence_unsubscribe', { groupIds: [first] })
  t.match(await ann.raw('presence_subscribe', { groupIds: [second] }), { ok: true }, 'room again')
})

t.test('who is removed from a large group is told no more of it', async (t) => {
  const cluster = await startCluster(t, {
    env: { LIMIT_PRESENCE_NAMES_MAX_MEMBERS: '2', PRESENCE_GROUP_COUNT_MS: '100' },
  })
  const ann = await comes(cluster, 'ann', 0)
  const bob = await comes(cluster, 'bob', 1)
  const [dan, eve] = [await comes(cluster, 'dan', 1), await comes(cluster, 'eve', 1)]
  await leaves(cluster, eve)
  const groupId = await group(ann, ['bob', 'dan', 'eve'])
  for (const client of [ann, bob]) await client.send('presence_subscribe', { groupIds: [groupId] })
  await leaves(cluster, dan)
  await Promise.all([ann, bob].map((client) => client.hears('group_presence', counted(2))))
  await ann.http(`/group/${groupId}/members/bob`, { method: 'DELETE' })
  await bob.hears('group_member_removed')
  const before = bob.heardOf('group_presence').length
  await comes(cluster, 'eve', 1)
  await ann.hears('group_presence', ({ memberCount, onlineCount }) => memberCount === 3 && onlineCount === 2)
  await bob.barrier()
  t.equal(bob.heardOf('group_presence').length, before)
})
