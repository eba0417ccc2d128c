import type { Group, UserStatus } from '@earshot/protocol'
import { Redis } from 'ioredis'
import t from 'tap'
import { startRedis } from '../../../infra/servers/redis.ts'
import { freePort } from '../../../infra/system/ports.ts'
import { startCluster } from '../src/cluster.ts'
import { expectTruth } from '../src/presence-truth.ts'
import { PresenceWatcher } from '../src/presence-watcher.ts'
import { dataUrl, webmBytes } from '../src/speech.ts'

const is = (userId: string, isOnline: boolean) => (status: UserStatus) =>
  status.userId === userId && status.isOnline === isOnline

t.test('what is done in Redis at once is in one slot', async (t) => {
  // A master of Redis Cluster that has all slots: it refuses what touches two, and sends nobody elsewhere.
  // Its second port would be the first one and 10,000: among those that outgoing connections get.
  const bus = String(await freePort())
  const redis = await startRedis({ args: ['--cluster-enabled', 'yes', '--cluster-port', bus] })
  t.teardown(() => redis.stop())
  const client = new Redis(redis.url)
  t.teardown(() => client.disconnect())
  await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  while (!String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok'));
  const refused = async () => /errorstat_CROSSSLOT:.*/.exec(await client.info('errorstats'))?.[0]

  const cluster = await startCluster(t, {
    redisUrl: redis.url,
    env: { LIMIT_PRESENCE_NAMES_MAX_MEMBERS: '2', PRESENCE_CHECKPOINT_MS: '100', PRESENCE_RENEW_MS: '50' },
  })
  const names = Array.from({ length: 12 }, (_, i) => `user-${i}`)
  const ann = await PresenceWatcher.start(await cluster.connect('ann', 0), names)
  const users = await Promise.all(names.map((name, i) => cluster.connect(name, i % 2)))
  const [bob, ...others] = users
  if (!bob) throw new Error('nobody is there')
  const created = await bob.http('/group', { method: 'POST', json: { name: 'g', members: names.slice(1) } })
  const { _id: groupId } = (await created.json()) as Group
  await Promise.all(others.map((other) => other.hears('group_created')))
  await bob.send('presence_subscribe', { groupIds: [groupId] })
  await Promise.all(
    others.map((other) => bob.send('message', { recipientId: other.userId, content: 'hello' })),
  )
  const { conversationId, seq } = await bob.send('group_message', {
    groupId,
    messageType: 'text',
    content: 'hello',
  })
  await Promise.all(others.map((other) => other.send('message_read', { conversationId, seq })))
  const url = dataUrl(webmBytes(20_000, 1))
  await bob.send('voice_message', {
    recipientId: names[1] ?? '',
    voiceMessage: { url, duration: 1, mimeType: 'audio/webm;codecs=opus', size: 20_000 },
  })
  await others[0]?.hears('voice_message_stored')
  const carl = await cluster.connect('carl', 1)
  await carl.send('user_online', 'carl')
  await bob.send('presence_subscribe', { userIds: ['carl'] })
  await carl.send('presence_visibility', { lastSeen: 'nobody' })
  await bob.hears('user_status_changed', is('carl', false))
  await Promise.all(users.map((user) => user.send('user_online', user.userId)))
  const online = Object.fromEntries(names.map((name) => [name, 'online' as const]))
  await expectTruth(t, cluster, online, [ann])
  for (const user of users) user.socket.disconnect()
  const offline = Object.fromEntries(names.map((name) => [name, 'offline' as const]))
  await expectTruth(t, cluster, offline, [ann])
  t.equal(await refused(), undefined, 'nothing was refused')
  await client.mget('a', 'b').catch(() => undefined)
  t.ok(await refused(), 'which would have been counted')
})
