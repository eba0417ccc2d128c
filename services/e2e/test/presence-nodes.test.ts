import type { UserStatus } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { expectTruth, redisNow } from '../src/presence-truth.ts'
import { PresenceWatcher } from '../src/presence-watcher.ts'
import type { TestClient } from '../src/test-client.ts'
import { Wire } from '../src/wire.ts'

/** One shard: a node renews all it holds in one call, so that what happens to one lease happened to all. */
const shortLease = { PRESENCE_LEASE_MS: '4000', PRESENCE_RENEW_MS: '500', PRESENCE_SHARDS: '1' }
const is = (userId: string, isOnline: boolean) => (status: UserStatus) =>
  status.userId === userId && status.isOnline === isOnline

t.test('devices on several nodes: online while one of them is, whatever becomes of the others', async (t) => {
  const cluster = await startCluster(t, { env: shortLease })
  const doomed = await cluster.addProcess('gateway')
  const ann = await PresenceWatcher.start(await cluster.connect('ann', 1), ['bob', 'carl'])
  const old = PresenceWatcher.listening(await cluster.connect('old', 1))
  const laptop = await cluster.connect('bob', 0)
  const tablet = await cluster.connect('bob', 1)
  const phone = await comeOnline(await cluster.connectTo(doomed, 'bob'))
  const carl = await comeOnline(await cluster.connectTo(doomed, 'carl'))
  for (const client of [phone, carl]) client.socket.io.reconnection(false)
  const { bob } = await expectTruth(t, cluster, { bob: 'online', carl: 'online' }, [ann, old])

  tablet.socket.disconnect()
  const livedAt = await redisNow(cluster)
  await doomed.kill('SIGKILL')
  const killedAt = await redisNow(cluster)
  // As long as carl's lease lived, so did that of bob's phone.
  const offline = await ann.client.hears('user_status_changed', is('carl', false))
  const after = await expectTruth(t, cluster, { bob: 'online', carl: 'offline' }, [ann, old])
  t.equal(after.bob?.version, bob?.version, 'for bob nothing has changed')
  t.notOk(ann.saw('bob', false), 'nor did he ever seem to leave')
  const lastSeen = Date.parse(offline.lastSeen ?? '')
  t.ok(lastSeen <= killedAt, 'carl was not seen later than he lived')
  t.ok(lastSeen >= livedAt - Number(shortLease.PRESENCE_LEASE_MS), 'nor longer ago than a lease')

  const leavesAt = await redisNow(cluster)
  laptop.socket.disconnect()
  await ann.client.hears('user_status_changed', is('bob', false))
  const gone = await expectTruth(t, cluster, { bob: 'offline', carl: 'offline' }, [ann, old])
  t.ok((gone.bob?.lastSeen ?? 0) >= leavesAt, 'seen when he left')
  t.equal(ann.history.filter(is('bob', false)).length, 1)
})

t.test('a lost connection counts for the grace period, and then as of its last sign of life', async (t) => {
  const graceMs = 1_500
  const cluster = await startCluster(t, { env: { PRESENCE_GRACE_MS: String(graceMs) } })
  const ann = await PresenceWatcher.start(await cluster.connect('ann', 1), ['bob'])
  const old = PresenceWatcher.listening(await cluster.connect('old', 1))
  const bob = await comeOnline(await cluster.connect('bob', 0))
  bob.socket.io.reconnection(false)
  const aliveAt = await redisNow(cluster)
  await bob.send('user_online', 'bob')
  const beforeLoss = await redisNow(cluster)
  bob.socket.io.engine.close()
  const offline = await ann.client.hears('user_status_changed', is('bob', false))
  const agreed = await expectTruth(t, cluster, { bob: 'offline' }, [ann, old])
  const lastSeen = agreed.bob?.lastSeen ?? 0
  t.ok(lastSeen >= aliveAt - 100 && lastSeen <= beforeLoss + 100, 'seen at the last packet')
  t.ok(offline.version >= beforeLoss + graceMs, 'a version is no less than the clock: he had his time')
})

t.test('a pulled cable: last seen is the last sign of life, and no answer before was later', async (t) => {
  const patienceMs = 4_000
  const env = { ...shortLease, PING_INTERVAL_MS: '1000', PING_TIMEOUT_MS: String(patienceMs) }
  const cluster = await startCluster(t, { env })
  const ann = await PresenceWatcher.start(await cluster.connect('ann', 1), ['bob'])
  const old = PresenceWatcher.listening(await cluster.connect('old', 1))
  const { wire, url } = await Wire.to(cluster.url(0))
  t.teardown(() => wire.close())
  const bobs = await comeOnline(await cluster.connectAt(url, 'bob'))
  bobs.socket.io.reconnection(false)
  await expectTruth(t, cluster, { bob: 'online' }, [ann, old])
  wire.unplug()
  const answers: number[] = []
  const ask = async () => {
    const { lastSeen } = await ann.client.get<{ lastSeen: string }>('/user/lastSeen/bob')
    answers.push(Date.parse(lastSeen))
  }
  while (!ann.saw('bob', false)) await ask()
  await ask()
  const { bob } = await expectTruth(t, cluster, { bob: 'offline' }, [ann, old])
  const { lastSeen = 0, version = 0 } = bob ?? {}
  // A version is no less than the clock; what was on its way when the cable was pulled counts when it is read.
  t.ok(lastSeen <= version - patienceMs / 2, 'seen when he last answered, not when he was given up')
  t.same(
    answers,
    answers.toSorted((a, b) => a - b),
    'it never went back',
  )
})

t.test('a frozen node: its users are gone, and come back only if they are there', async (t) => {
  // Nobody who is silent is given up by the node itself before the test is over.
  const env = { ...shortLease, PING_INTERVAL_MS: '1000', PING_TIMEOUT_MS: '60000' }
  const cluster = await startCluster(t, { nodes: 1, env })
  const frozen = await cluster.addProcess('gateway')
  const { wire, url } = await Wire.to(`http://127.0.0.1:${frozen.port}`)
  t.teardown(() => wire.close())
  const names = ['stays', 'moves', 'visits', 'leaves', 'vanishes']
  const ann = await PresenceWatcher.start(await cluster.connect('ann', 0), names)
  const old = PresenceWatcher.listening(await cluster.connect('old', 0))
  const clients = await Promise.all(
    ['stays', 'moves', 'visits', 'leaves'].map((name) => cluster.connectTo(frozen, name)),
  )
  clients.push(await cluster.connectAt(url, 'vanishes'))
  for (const client of clients) {
    await comeOnline(client)
    client.socket.io.reconnection(false)
  }
  const before = await expectTruth(t, cluster, all(names, 'online'), [ann, old])

  frozen.child.kill('SIGSTOP')
  const frozenAt = await redisNow(cluster)
  // One goes to another node before anybody misses the first, one after; both leave no trace at the frozen one.
  await comeOnline(await cluster.connect('moves', 0))
  wire.unplug()
  await ann.client.hears('user_status_changed', is('vanishes', false))
  const visits = await comeOnline(await cluster.connect('visits', 0))
  await ann.client.hears(
    'user_status_changed',
    (status) => is('visits', true)(status) && status.version > (before.visits?.version ?? 0),
  )
  const [, moves, visited, leaves] = clients
  visits.socket.disconnect()
  for (const client of [moves, visited, leaves]) client?.socket.disconnect()
  const away = { ...all(names, 'offline'), moves: 'online' } as const
  const gone = await expectTruth(t, cluster, away, [ann, old], { except: [frozen] })
  for (const name of ['stays', 'leaves', 'vanishes']) {
    t.ok((gone[name]?.lastSeen ?? 0) <= frozenAt, `${name} was last seen before`)
  }

  const toldUntilThen = ann.history.length
  const cameBack = (name: string) => ann.history.slice(toldUntilThen).some(is(name, true))
  frozen.child.kill('SIGCONT')
  await ann.client.hears(
    'user_status_changed',
    (status) => is('stays', true)(status) && status.version > (gone.stays?.version ?? 0),
  )
  // What the node takes up again it takes up together: now or never.
  await ann.client.barrier()
  const after = await expectTruth(t, cluster, { ...away, stays: 'online' }, [ann, old])
  t.equal(after.moves?.version, before.moves?.version, 'who moved in time was online all along')
  for (const name of ['visits', 'leaves', 'vanishes']) {
    t.ok((after[name]?.lastSeen ?? 0) >= (gone[name]?.lastSeen ?? 0), `${name} is still gone`)
    t.notOk(cameBack(name), 'and never seemed to be back')
  }
  for (const name of ['leaves', 'vanishes']) {
    t.ok((after[name]?.lastSeen ?? 0) <= frozenAt, 'though the node may say better when that was')
  }
  t.equal(after.visits?.lastSeen, gone.visits?.lastSeen, 'who left elsewhere was seen there last')
})

t.test(
  'a node is cut off from Redis: elsewhere its users are gone, here nobody is left behind',
  async (t) => {
    const cluster = await startCluster(t, { nodes: 1, env: shortLease })
    const { wire, url } = await Wire.to(process.env.TEST_REDIS_URL ?? '')
    t.teardown(() => wire.close())
    const cutOff = await cluster.addProcess('gateway', { REDIS_URL: url })
    const names = ['stays', 'leaves', 'comes', 'goes']
    const zoe = await PresenceWatcher.start(await cluster.connect('zoe'), names)
    const ann = await PresenceWatcher.start(await cluster.connectTo(cutOff, 'ann'), names)
    const old = PresenceWatcher.listening(await cluster.connectTo(cutOff, 'old'))
    const [, leaves] = await Promise.all(['stays', 'leaves'].map((name) => cluster.connectTo(cutOff, name)))
    const goes = await comeOnline(await cluster.connect('goes'))
    const before = { stays: 'online', leaves: 'online', goes: 'online' } as const
    await expectTruth(t, cluster, before, [zoe, ann, old])

    wire.cut()
    goes.socket.disconnect()
    leaves?.socket.disconnect()
    await comeOnline(await cluster.connect('comes'))
    const elsewhere = { stays: 'offline', leaves: 'offline', goes: 'offline', comes: 'online' } as const
    await expectTruth(t, cluster, elsewhere, [zoe], { except: [cutOff] })
    // What nobody was told has been told again by now: who did not hear it, did not hear it.
    while ((await cluster.redis.zcard(`${cluster.prefix}:{p0}:outbox`)) > 0);

    wire.mend()
    await expectTruth(t, cluster, { ...elsewhere, stays: 'online' }, [zoe, ann, old])
  },
)

t.test('clocks that are minutes off: there is one clock', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0, env: shortLease })
  const preload = `--import=${new URL('../src/shifted-clock.ts', import.meta.url).href}`
  const shifted = (minutes: number) => ({ NODE_OPTIONS: preload, CLOCK_SHIFT_MS: String(minutes * 60_000) })
  const ahead = await cluster.addProcess('gateway', shifted(5))
  const behind = await cluster.addProcess('gateway', shifted(-5))
  await cluster.addProcess('worker', shifted(5))
  await cluster.addProcess('worker', shifted(-5))
  const names = ['leaver', 'lost', 'traveller', 'stayer']
  const ann = await PresenceWatcher.start(await cluster.connect('ann'), names)
  const old = PresenceWatcher.listening(await cluster.connect('old'))
  const ben = await PresenceWatcher.start(await cluster.connectTo(behind, 'ben'), names)
  const connectedAt = await redisNow(cluster)
  const leaver = await comeOnline(await cluster.connectTo(ahead, 'leaver'))
  const lost = await comeOnline(await cluster.connectTo(ahead, 'lost'))
  const traveller = await comeOnline(await cluster.connectTo(ahead, 'traveller'))
  await comeOnline(await cluster.connectTo(behind, 'stayer'))
  for (const client of [lost, traveller]) client.socket.io.reconnection(false)
  await expectTruth(t, cluster, all(names, 'online'), [ann, ben, old])

  leaver.socket.disconnect()
  await comeOnline(await cluster.connectTo(behind, 'traveller'))
  await ahead.kill('SIGKILL')
  const killedAt = await redisNow(cluster)
  const truth = { leaver: 'offline', lost: 'offline', traveller: 'online', stayer: 'online' } as const
  const agreed = await expectTruth(t, cluster, truth, [ann, ben, old])
  for (const name of ['leaver', 'lost']) {
    const { lastSeen = 0, version = 0 } = agreed[name] ?? {}
    t.ok(lastSeen >= connectedAt && lastSeen <= killedAt, `${name} was seen while there`)
    t.ok(version >= connectedAt && version <= (await redisNow(cluster)), 'by the clock that counts')
  }
  t.notOk(ann.saw('traveller', false), 'who changes nodes between them is online all along')
})

/** Waits until the user is online by this client. */
async function comeOnline(client: TestClient): Promise<TestClient> {
  await client.send('user_online', client.userId)
  return client
}

function all<State extends 'online' | 'offline'>(names: string[], state: State): Record<string, State> {
  return Object.fromEntries(names.map((name) => [name, state]))
}
