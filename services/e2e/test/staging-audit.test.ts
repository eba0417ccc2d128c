import { commandClient, producerClient } from '@earshot/core/clients/redis'
import type { BlobStore } from '@earshot/core/media/blob-store'
import { GridFsBlobStore } from '@earshot/core/media/gridfs-blob-store'
import { MessageStore } from '@earshot/core/messages/message-store'
import { createLogger } from '@earshot/core/observability/logger'
import { VoiceStaging } from '@earshot/core/voice/staging'
import { StagingAudit } from '@earshot/core/voice/staging-audit'
import { voiceQueues } from '@earshot/core/voice/voice-queues'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'

t.test('audio whose jobs wait for an operator stays, and hides nothing behind it', async (t) => {
  const cluster = await startCluster(t, { nodes: 0, workers: 0 })
  const { redis, prefix, env } = cluster
  const url = env.REDIS_URL ?? ''
  const clients = [commandClient(url, 'staging'), producerClient(url, 'queue')] as const
  t.teardown(() => clients.map((client) => client.disconnect()))
  await Promise.all(clients.map((client) => client.connect()))
  const staging = new VoiceStaging(clients[0], { prefix, ttlSeconds: 1_000, maxBytes: 1_000_000 })
  const log = createLogger({ level: 'silent', role: 'test', nodeId: 'test' })
  const queues = voiceQueues(clients[1], { prefix, attempts: 1, backoffMs: 1 }, log)
  t.teardown(() => queues.close())
  const blobs = new GridFsBlobStore(cluster.db)
  const messages = new MessageStore(cluster.db)
  const audit = new StagingAudit({ staging, messages, blobs, queue: queues.store, log })

  const staged = Array.from({ length: 250 }, (_, i) => `message-${i}`)
  await cluster.db.collection<{ _id: string }>('messages').insertMany(
    staged.map((_id, seq) => ({
      ...{ _id, conversationId: 'c', seq, sender: { _id: 'ann', name: 'Ann' }, createdAt: new Date() },
      ...{ messageType: 'voice', content: '', voiceMessage: { place: 'staged', size: 1, sha256: 'x' } },
    })),
  )
  const neverSent = { messageId: 'never sent', sha256: 'x' }
  const neverSaid = { messageId: 'message-249', sha256: 'of other audio, sent under the same key' }
  const all = [...staged.map((messageId) => ({ messageId, sha256: 'x' })), neverSent, neverSaid]
  for (const [i, audio] of all.entries()) {
    const { messageId, sha256 } = audio
    await staging.stage(audio, Buffer.from('x'))
    await redis.zadd(`${prefix}:{voice}:times`, i, `${messageId}:${sha256}`)
    await redis.expire(`${prefix}:audio:{${messageId}}`, 100)
  }
  await audit.run()
  t.equal(await staging.read(neverSent).then(String), 'x', 'not reached yet')
  await audit.run()
  t.equal(await staging.read(neverSent), null, 'its message never came to be')
  t.equal(await staging.read(neverSaid), null, 'its message says something else')
  t.equal(await staging.read({ ...neverSaid, sha256: 'x' }).then(String), 'x')
  t.equal(await redis.get(`${prefix}:{voice}:bytes`), '250')
  for (const messageId of [staged.at(0), staged.at(-1)]) {
    t.ok((await redis.ttl(`${prefix}:audio:{${messageId}}`)) > 100, 'does not end by its age')
  }
  t.equal(await redis.llen(`{${prefix}-queue}:voice:wait`), 250, 'each is queued, once')
  await audit.run()
  t.equal(await redis.llen(`{${prefix}-queue}:voice:wait`), 250)

  await blobs.put('message-7', Buffer.from('x'), 'audio/webm')
  for (let run = 0; run < 2; run++) await audit.run()
  t.equal(await staging.read({ messageId: 'message-7', sha256: 'x' }), null, 'stored by now')
  t.equal(await redis.get(`${prefix}:{voice}:bytes`), '249')

  let asked = 0
  const broken = {
    info: () => {
      asked++
      return Promise.reject(new Error('AccessDenied'))
    },
  } as unknown as BlobStore
  await redis.expire(`${prefix}:audio:{message-0}`, 100)
  await new StagingAudit({ staging, messages, blobs: broken, queue: queues.store, log }).run()
  t.ok(
    (await redis.ttl(`${prefix}:audio:{message-0}`)) > 100,
    'kept also while the blob store refuses to say',
  )
  t.equal(asked, 1, 'which is asked once a run')
})

t.test('audio that is sent again while the audit looks for its message stays', async (t) => {
  const cluster = await startCluster(t, { nodes: 0, workers: 0 })
  const { redis, prefix, env } = cluster
  const client = commandClient(env.REDIS_URL ?? '', 'staging')
  t.teardown(() => client.disconnect())
  await client.connect()
  const staging = new VoiceStaging(client, { prefix, ttlSeconds: 1_000, maxBytes: 1_000_000 })
  const log = createLogger({ level: 'silent', role: 'test', nodeId: 'test' })
  const blobs = new GridFsBlobStore(cluster.db)
  const audio = { messageId: 'message', sha256: 'x' }
  const bytes = Buffer.from('x')
  // As a first try left it, whose message could not be committed.
  const leftBefore = async () => {
    await staging.stage(audio, bytes)
    await redis.zadd(`${prefix}:{voice}:times`, 1, 'message:x')
    await redis.expire(`${prefix}:audio:{message}`, 100)
  }
  const auditThat = (meanwhile: () => Promise<unknown>) =>
    new StagingAudit({
      ...{ staging, blobs, log },
      messages: {
        async byId() {
          await meanwhile()
          return null
        },
      } as unknown as MessageStore,
      queue: undefined as never,
    })
  await leftBefore()
  await auditThat(() => staging.stage(audio, bytes)).run()
  t.equal(await staging.read(audio).then(String), 'x', 'staged again after it was listed')
  t.equal(await redis.get(`${prefix}:{voice}:bytes`), '1')

  await leftBefore()
  await staging.stage(audio, bytes)
  await auditThat(async () => t.fail('looked for the message of what is new')).run()
  t.equal(await staging.read(audio).then(String), 'x', 'staged again before')

  await leftBefore()
  await auditThat(async () => undefined).run()
  t.equal(await staging.read(audio), null, 'given up')
  t.equal(await redis.get(`${prefix}:{voice}:bytes`), '0')
})
