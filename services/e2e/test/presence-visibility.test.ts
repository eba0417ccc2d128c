import type { UserLastSeen, UserStatus } from '@earshot/protocol'
import t from 'tap'
import { type Cluster, startCluster } from '../src/cluster.ts'
import { redisNow } from '../src/presence-truth.ts'
import type { TestClient } from '../src/test-client.ts'

const of =
  (userId: string, isOnline?: boolean, after = -1) =>
  (status: UserStatus): boolean =>
    status.userId === userId &&
    (isOnline === undefined || status.isOnline === isOnline) &&
    status.version > after
const left = (userId: string) => (status: UserStatus) => of(userId, false)(status) && status.lastSeen !== null
const hides = (userId: string) => (status: UserStatus) =>
  of(userId, false)(status) && status.lastSeen === null

const nothing = { isOnline: false, lastSeen: null }

/** Ann, who watches Bob from another node, by name or by hearing of everybody. */
async function two(cluster: Cluster, how: 'watches' | 'hears all') {
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  await bob.send('user_online', 'bob')
  if (how === 'watches') await ann.send('presence_subscribe', { userIds: ['bob', 'zoe'] })
  else await ann.hears('user_status_changed', of('bob', true))
  return { ann, bob }
}

/**
 * Proves that what did not come never will: Zoe, whom everybody sees, comes and leaves, and this is told the same way
 * after all that was done before.
 */
async function barrier(cluster: Cluster, ...clients: TestClient[]) {
  const zoe = await cluster.connect('zoe', 1)
  await Promise.all(clients.map((client) => client.hears('user_status_changed', of('zoe', true))))
  zoe.socket.disconnect()
  await Promise.all(clients.map((client) => client.hears('user_status_changed', of('zoe', false))))
}

function heard(client: TestClient, userId: string): UserStatus[] {
  return client.heardOf('user_status_changed').filter(of(userId))
}

async function seenBy(client: TestClient, userId: string): Promise<Omit<UserLastSeen, '_id' | 'name'>> {
  const { isOnline, lastSeen } = await client.get<UserLastSeen>(`/user/lastSeen/${userId}`)
  return { isOnline, lastSeen }
}

for (const how of ['watches', 'hears all'] as const) {
  t.test(`who hides is seen to come and go by nobody: ${how}`, async (t) => {
    const cluster = await startCluster(t)
    const { ann, bob } = await two(cluster, how)
    await bob.send('presence_visibility', { lastSeen: 'nobody' })
    const hidden = await ann.hears('user_status_changed', of('bob', false))
    t.match(hidden, nothing, 'who saw him is told that there is nothing to see')
    const before = heard(ann, 'bob')
    t.ok(hidden.version > (before.at(-2)?.version ?? 0), 'and this is news')

    bob.socket.disconnect()
    await barrier(cluster, ann)
    const again = await cluster.connect('bob', 0)
    await again.send('user_online', 'bob')
    again.socket.disconnect()
    const third = await cluster.connect('bob', 1)
    await third.send('user_online', 'bob')
    await ann.barrier()
    t.same(heard(ann, 'bob'), before, 'neither that he left nor that he came')

    await third.send('presence_visibility', { lastSeen: 'everyone' })
    await ann.hears('user_status_changed', of('bob', true, hidden.version))
    t.equal(heard(ann, 'bob').length, before.length + 1, 'shown again, he is online')
    third.socket.disconnect()
    await ann.hears('user_status_changed', left('bob'))
  })
}

t.test('HTTP tells nothing of who hides, however it is asked', async (t) => {
  const cluster = await startCluster(t)
  const { ann, bob } = await two(cluster, 'watches')
  t.match(await seenBy(ann, 'bob'), { isOnline: true })
  await bob.send('presence_visibility', { lastSeen: 'nobody' })
  const ask = async (tag?: string) => {
    const response = await ann.http('/user/lastSeen/bob', tag ? { headers: { 'if-none-match': tag } } : {})
    return { status: response.status, tag: response.headers.get('etag') ?? '', body: await response.text() }
  }
  const online = await ask()
  t.match(JSON.parse(online.body), { _id: 'bob', name: 'Name of bob', ...nothing })
  t.equal((await ask(online.tag)).status, 304)

  bob.socket.disconnect()
  await barrier(cluster, ann)
  t.same(await ask(), online, 'offline he looks the same, to the letter')
  t.equal((await ask(online.tag)).status, 304, 'unchanged')
  const back = await cluster.connect('bob', 0)
  await back.send('user_online', 'bob')
  t.same(await ask(), online)

  const batch = await ann.http('/user/lastSeen', { method: 'POST', json: { userIds: ['bob', 'ann'] } })
  const { users } = (await batch.json()) as { users: UserLastSeen[] }
  t.match(
    new Map(users.map((user) => [user._id, user.isOnline])),
    new Map([
      ['bob', false],
      ['ann', true],
    ]),
  )
  await cluster.db.collection<{ _id: string }>('users').insertOne({ _id: 'never-came' })
  for (const time of ['once', 'again']) {
    const userIds = ['bob', 'nobody-ever', 'never-came']
    const { statuses } = await ann.send('presence_subscribe', { userIds })
    t.match(statuses, [nothing, nothing, nothing])
    const versions = new Set(statuses.map(({ version }) => version))
    t.equal(versions.size, 1, `asked ${time}: as if he had never existed, or never come`)
  }

  await cluster.connect('never-shown', 0)
  const never = await ann.http('/user/lastSeen/eve')
  t.equal(never.status, 404)
  t.match(await seenBy(back, 'bob'), { isOnline: true }, 'oneself one sees')
})

t.test('when one came while hidden stays hidden, also when one shows oneself again', async (t) => {
  const cluster = await startCluster(t)
  const { ann, bob } = await two(cluster, 'watches')
  const zoe = await cluster.connect('zoe', 1)
  await zoe.send('user_online', 'zoe')
  await bob.send('presence_visibility', { lastSeen: 'nobody' })
  bob.socket.disconnect()
  const back = await cluster.connect('bob', 0)
  await back.send('user_online', 'bob')
  const shownFrom = await redisNow(cluster)
  await back.send('presence_visibility', { lastSeen: 'everyone' })
  const shown = await ann.hears('user_status_changed', of('bob', true, shownFrom - 1))
  t.ok(shown.version >= shownFrom)
  const { statuses } = await ann.send('presence_subscribe', { userIds: ['bob'] })
  t.ok((statuses[0]?.version ?? 0) >= shownFrom)
  const tag = async (userId: string) => (await ann.http(`/user/lastSeen/${userId}`)).headers.get('etag')
  t.equal(await tag('bob'), await tag('zoe'), 'a tag says no more than the answer does')
})

t.test('whoever guesses a tag learns nothing of who hides', async (t) => {
  const cluster = await startCluster(t)
  const { ann, bob } = await two(cluster, 'watches')
  const known = [(await ann.http('/user/lastSeen/bob')).headers.get('etag') ?? '']
  bob.socket.disconnect()
  await ann.hears('user_status_changed', left('bob'))
  known.push((await ann.http('/user/lastSeen/bob')).headers.get('etag') ?? '')
  const back = await cluster.connect('bob', 0)
  await back.send('presence_visibility', { lastSeen: 'nobody' })
  const guess = async () =>
    Promise.all(
      known.map(async (tag) => {
        const answer = await ann.http('/user/lastSeen/bob', { headers: { 'if-none-match': tag } })
        return [answer.status, answer.headers.get('etag'), await answer.text()]
      }),
    )
  const online = await guess()
  t.same(
    online.map(([status]) => status),
    [200, 200],
  )
  back.socket.disconnect()
  await barrier(cluster, ann)
  t.same(await guess(), online)
})

t.test('who hides does not see others', async (t) => {
  const cluster = await startCluster(t)
  const { ann, bob } = await two(cluster, 'watches')
  await ann.send('presence_visibility', { lastSeen: 'nobody' })
  const hidden = await ann.hears('user_status_changed', of('bob', false))
  const known = heard(ann, 'bob').length
  t.match(await seenBy(ann, 'bob'), nothing)
  bob.socket.disconnect()
  const carl = await cluster.connect('carl', 0)
  const { statuses } = await ann.send('presence_subscribe', { userIds: ['carl'] })
  t.match(statuses, [nothing])
  await carl.barrier()
  const zoe = await cluster.connect('zoe', 1)
  await zoe.send('user_online', 'zoe')
  await ann.barrier()
  t.same(
    heard(ann, 'zoe').filter(({ isOnline }) => isOnline),
    [],
    'nor whom she subscribed to before',
  )
  t.equal(heard(ann, 'bob').length, known)

  await ann.send('presence_visibility', { lastSeen: 'everyone' })
  await ann.hears('user_status_changed', of('zoe', true))
  const bobs = await ann.hears('user_status_changed', left('bob'))
  t.ok(bobs.version > hidden.version, 'what she missed, she is told when she may see again')
})

t.test('exceptions: for these it is the other way round', async (t) => {
  const cluster = await startCluster(t)
  const bob = await cluster.connect('bob', 1)
  const ann = await cluster.connect('ann', 0)
  const carl = await cluster.connect('carl', 1)
  const listener = await cluster.connect('listener', 0)
  for (const client of [ann, carl]) await client.send('presence_subscribe', { userIds: ['bob', 'zoe'] })
  t.same(await bob.send('presence_visibility', { lastSeen: 'everyone', except: ['ann'] }), {
    ok: true,
    lastSeen: 'everyone',
    except: ['ann'],
  })
  await ann.hears('user_status_changed', of('bob', false))
  await barrier(cluster, ann, carl, listener)
  t.same(heard(carl, 'bob'), [], 'it did not change for others, and they are not told that anything did')
  t.same(
    heard(listener, 'bob').filter(({ lastSeen }) => lastSeen === null),
    [],
  )
  t.match(await seenBy(ann, 'bob'), nothing)
  t.match(await seenBy(carl, 'bob'), { isOnline: true })

  await bob.send('presence_visibility', { lastSeen: 'nobody', except: ['ann'] })
  await ann.hears('user_status_changed', of('bob', true))
  await carl.hears('user_status_changed', of('bob', false))
  await listener.hears('user_status_changed', hides('bob'))
  t.match(await seenBy(ann, 'bob'), { isOnline: true })
  t.match(await seenBy(carl, 'bob'), nothing)
  const before = [heard(carl, 'bob').length, heard(listener, 'bob').length]
  bob.socket.disconnect()
  await ann.hears('user_status_changed', left('bob'))
  await barrier(cluster, carl, listener)
  t.same([heard(carl, 'bob').length, heard(listener, 'bob').length], before)
})

t.test('contacts are those whom one has written to', async (t) => {
  const cluster = await startCluster(t)
  const { ann, bob } = await two(cluster, 'watches')
  const lea = await cluster.connect('lea', 0)
  await bob.send('presence_visibility', { lastSeen: 'contacts' })
  const { version } = await ann.hears('user_status_changed', hides('bob'))
  await lea.hears('user_status_changed', hides('bob'))
  await ann.send('message', { recipientId: 'bob', content: 'hello?' })
  t.match(await seenBy(ann, 'bob'), nothing, 'writing to him makes nobody his contact')

  const known = heard(ann, 'bob').length
  await bob.send('message', { recipientId: 'ann', content: 'hello Ann' })
  await ann.hears('user_status_changed', of('bob', true, version))
  t.equal(heard(ann, 'bob').length, known + 1)
  t.match(await seenBy(ann, 'bob'), { isOnline: true })
  t.match(await seenBy(lea, 'bob'), nothing)
  await bob.send('message', { recipientId: 'lea', content: 'hello Lea' })
  await lea.hears('user_status_changed', of('bob', true, version))
  bob.socket.disconnect()
  await ann.hears('user_status_changed', left('bob'))
  await lea.hears('user_status_changed', left('bob'))
})

t.test('who was written to before is a contact, on a node that did not see it', async (t) => {
  const cluster = await startCluster(t, { nodes: 1 })
  const bob = await cluster.connect('bob')
  await cluster.connect('ann')
  await bob.send('message', { recipientId: 'ann', content: 'one' })
  await bob.send('presence_visibility', { lastSeen: 'contacts' })
  await cluster.addGateway()
  const ann = await cluster.connect('ann', 1)
  const carl = await cluster.connect('carl', 1)
  t.match(await seenBy(ann, 'bob'), { isOnline: true })
  t.match(await seenBy(carl, 'bob'), nothing)
})

for (const how of ['watches', 'hears all'] as const) {
  t.test(`a block hides both from each other: ${how}`, async (t) => {
    const cluster = await startCluster(t)
    const { ann, bob } = await two(cluster, how)
    if (how === 'watches') await bob.send('presence_subscribe', { userIds: ['ann', 'zoe'] })
    await bob.http('/user/me/blocked/ann', { method: 'PUT' })
    await ann.hears('user_status_changed', hides('bob'))
    await bob.hears('user_status_changed', hides('ann'))
    t.match(await seenBy(ann, 'bob'), nothing)
    t.match(await seenBy(bob, 'ann'), nothing)
    const before = heard(ann, 'bob')
    const second = await cluster.connect('bob', 0)
    bob.socket.disconnect()
    second.socket.disconnect()
    await barrier(cluster, ann)
    t.same(heard(ann, 'bob'), before)
    const back = await cluster.connect('bob', 0)
    await back.send('user_online', 'bob')
    await back.http('/user/me/blocked/ann', { method: 'DELETE' })
    const shown = await ann.hears(
      'user_status_changed',
      (status) => of('bob', true)(status) && status.version > (before.at(-1)?.version ?? 0),
    )
    t.ok(shown)
    t.match(await seenBy(back, 'ann'), { isOnline: true })
  })
}

t.test('typing and recording are told to those alone who may see that one is there', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const carl = await cluster.connect('carl', 1)
  const created = await bob.http('/group', { method: 'POST', json: { name: 'g', members: ['ann', 'carl'] } })
  const { _id: groupId } = (await created.json()) as { _id: string }
  await Promise.all([ann.hears('group_created'), carl.hears('group_created')])
  const everywhere = async (client: TestClient) => {
    await client.send('typing', { recipientId: 'ann', isTyping: true })
    await client.send('typing', { recipientId: 'ann', isTyping: true, activity: 'voice' })
    await client.send('typing', { groupId, isTyping: true })
  }
  const typed = (client: TestClient) => client.heardOf('user_typing').length

  await everywhere(bob)
  await Promise.all([ann.barrier(), carl.barrier()])
  t.same([typed(ann), typed(carl)], [3, 1])

  await bob.send('presence_visibility', { lastSeen: 'everyone', except: ['ann'] })
  await everywhere(bob)
  await Promise.all([ann.barrier(), carl.barrier()])
  t.same([typed(ann), typed(carl)], [3, 2], 'not to who is left out')

  await bob.send('presence_visibility', { lastSeen: 'everyone' })
  await ann.send('presence_visibility', { lastSeen: 'everyone', except: ['bob'] })
  await everywhere(bob)
  await Promise.all([ann.barrier(), carl.barrier()])
  t.same([typed(ann), typed(carl)], [3, 3], 'nor to who leaves out')

  await ann.send('presence_visibility', { lastSeen: 'everyone' })
  await carl.send('presence_visibility', { lastSeen: 'nobody' })
  await everywhere(bob)
  await Promise.all([ann.barrier(), carl.barrier()])
  t.same([typed(ann), typed(carl)], [6, 3], 'nor to who hides from all')
})

t.test('neither the list of conversations nor that of people gives away who was there', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  await ann.send('message', { recipientId: 'bob', content: 'hello' })
  await bob.send('message', { recipientId: 'ann', content: 'hello' })
  const chats = await (await ann.http('/chat')).text()
  t.notMatch(chats, /isOnline|lastSeen/)
  const people = async (client: TestClient) =>
    (await client.get<{ users: { _id: string }[] }>('/user')).users.map(({ _id }) => _id)
  t.ok((await people(ann)).includes('bob'))
  await bob.send('presence_visibility', { lastSeen: 'nobody' })
  t.notOk((await people(ann)).includes('bob'), 'not in the order in which people were seen')
  t.same(await people(bob), ['ann', 'bob'], 'and to him it is no such order')
})

t.test('what one has chosen is kept, and can be asked for', async (t) => {
  const cluster = await startCluster(t)
  const bob = await cluster.connect('bob', 0)
  t.same(await bob.get('/user/me/visibility'), { lastSeen: 'everyone' })
  await bob.send('presence_visibility', { lastSeen: 'contacts', except: ['ann', 'ann', 'bob'] })
  t.same(await bob.get('/user/me/visibility'), { lastSeen: 'contacts', except: ['ann'] })
  const node = await cluster.connect('bob', 1)
  t.same(await node.get('/user/me/visibility'), { lastSeen: 'contacts', except: ['ann'] })
  const wrong = [
    { lastSeen: 'some' },
    { lastSeen: 'everyone', except: [''] },
    { lastSeen: 'nobody', extra: 1 },
    {},
  ]
  for (const payload of wrong) {
    t.match(await bob.raw('presence_visibility', payload), { ok: false, error: { code: 'BAD_REQUEST' } })
  }
  const many = Array.from({ length: 1_001 }, (_, i) => `u${i}`)
  t.match(await bob.raw('presence_visibility', { lastSeen: 'nobody', except: many }), {
    ok: false,
    error: { code: 'TOO_LARGE', field: 'except' },
  })
  t.same(await bob.get('/user/me/visibility'), { lastSeen: 'contacts', except: ['ann'] })
})

t.test('a change that nobody was told of is found', async (t) => {
  const cluster = await startCluster(t, { env: { PRESENCE_VISIBILITY_POLL_MS: '100' } })
  const { ann, bob } = await two(cluster, 'watches')
  const [seconds, micros] = await cluster.redis.time()
  const version = Number(seconds) * 1_000 + Math.ceil(Number(micros) / 1_000)
  // As by a node that died before it could tell the others.
  await cluster.db
    .collection<{ _id: string; lastSeen: string; version: number }>('visibility')
    .insertOne({ _id: 'bob', lastSeen: 'nobody', version })
  t.match(await ann.hears('user_status_changed', of('bob', false)), nothing)
  const before = heard(ann, 'bob').length
  bob.socket.disconnect()
  await barrier(cluster, ann)
  t.equal(heard(ann, 'bob').length, before)
})
