import { request } from 'node:http'
import { GridFsBlobStore } from '@earshot/core/media/gridfs-blob-store'
import { MediaReleaser } from '@earshot/core/media/media-releaser'
import { MediaStore } from '@earshot/core/media/media-store'
import { PositionStore } from '@earshot/core/voice/position-store'
import { VoiceStaging } from '@earshot/core/voice/staging'
import t from 'tap'
import { type Cluster, startCluster } from '../src/cluster.ts'
import { begin, head, patch } from '../src/tus.ts'
import { bytesOf, kept, nothing, opaqueBytes, until, upload } from '../src/uploads.ts'

const env = { MEDIA_ORPHAN_TTL_S: '0', MEDIA_SWEEP_MS: '20' }
const fileOf = (url: string) => ({ url, name: 'x', mimeType: 'x', size: 1 })

/** Time passes for the collector: it looks at all records now. */
async function makeDue(cluster: Cluster): Promise<void> {
  await cluster.db
    .collection('media')
    .updateMany({ checkAt: { $exists: true } }, { $set: { checkAt: new Date(0) } })
}

t.test('what no message carries goes, finished or not; what one carries stays', async (t) => {
  const cluster = await startCluster(t, { workers: 0, env })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const bytes = opaqueBytes(400_000)
  const sent = await upload(ann, bytes)
  await ann.send('message', { recipientId: 'bob', messageType: 'file', file: fileOf(sent.url) })
  const unsent = await upload(ann, bytes)
  const path = await begin(ann, 1_000_000)
  await patch(ann, path, 0, bytes)
  await makeDue(cluster)
  await cluster.addWorker()
  await cluster.addWorker()
  await until(async () => (await ann.http(unsent.url)).status === 404)
  await until(async () => (await head(ann, path)).status === 404)
  const isSettled = async () => {
    const docs = await cluster.db.collection('media').find({}).toArray()
    return docs.length === 1 && docs[0]?.checkAt === undefined
  }
  await until(isSettled)
  t.same(await kept(cluster), { media: 1, uploads: 0, files: 1, chunks: 2 })
  t.ok(bytes.equals(await bytesOf(await bob.http(sent.url))))
})

t.test('an attachment whose message never came to be is taken back', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0, env })
  const ann = await cluster.connect('ann')
  const bob = await cluster.connect('bob')
  const { url } = await upload(ann, opaqueBytes(100))
  await ann.send('message', { recipientId: 'bob', content: 'text', clientMessageId: 'k' })
  const file = { recipientId: 'bob', messageType: 'file', file: fileOf(url), clientMessageId: 'k' }
  t.match(await ann.raw('message', file), { error: { code: 'CONFLICT', field: 'clientMessageId' } })
  await makeDue(cluster)
  await cluster.addWorker()
  await until(async () => (await bob.http(url)).status === 404)
  await until(async () => (await kept(cluster)).media === 0)
  t.same(await kept(cluster), nothing)
})

t.test('an attachment by the key of another conversation hinders nobody from deleting', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0, env })
  const ann = await cluster.connect('ann')
  const [bob, carl] = [await cluster.connect('bob'), await cluster.connect('carl')]
  const { url } = await upload(ann, opaqueBytes(100))
  const file = { messageType: 'file', file: fileOf(url), clientMessageId: 'k' }
  const { _id: messageId } = await ann.send('message', { recipientId: 'bob', ...file })
  t.match(await ann.raw('message', { recipientId: 'carl', ...file }), { error: { code: 'CONFLICT' } })
  await makeDue(cluster)
  await cluster.addWorker()
  await until(async () => (await carl.http(url)).status === 404)
  t.equal((await bob.http(url)).status, 200)
  await ann.send('delete_message', { messageId })
  await until(async () => (await kept(cluster)).media === 0)
  t.same(await kept(cluster), nothing)
})

t.test('what a killed node was receiving goes', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0, env })
  const doomed = await cluster.addProcess('gateway')
  const ann = await cluster.connectTo(doomed, 'ann')
  const outgoing = request(`${ann.url}/media`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ann.token}`, 'content-length': '9000000' },
  })
  outgoing.on('error', (error) => t.match(error, { code: 'ECONNRESET' }))
  outgoing.write(opaqueBytes(3_000_000))
  await until(async () => (await kept(cluster)).chunks > 0)
  ann.socket.io.reconnection(false)
  await doomed.kill('SIGKILL')
  t.match(await kept(cluster), { media: 1, files: 0 })
  await makeDue(cluster)
  await cluster.addWorker()
  await until(async () => (await kept(cluster)).media === 0)
  t.same(await kept(cluster), nothing)
})

t.test('a deleted message frees its media: an upload goes with the last one that carries it', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  const { _id: mediaId, url } = await upload(ann, opaqueBytes(100))
  const send = () => ann.send('message', { recipientId: 'ann', messageType: 'file', file: fileOf(url) })
  const [first, second] = [await send(), await send()]
  const releaser = new MediaReleaser({
    store: new MediaStore(cluster.db, { orphanMs: 0 }),
    blobs: new GridFsBlobStore(cluster.db),
    staging: new VoiceStaging(cluster.redis, { prefix: cluster.prefix, ttlSeconds: 60, maxBytes: 1 }),
    positions: new PositionStore(cluster.db),
  })
  const free = async ({ _id: messageId, conversationId }: typeof first) =>
    releaser.free([mediaId], { messageId, conversationId })
  await free(first)
  await free(first)
  t.equal((await ann.http(url)).status, 200)
  await free(second)
  await free(second)
  t.equal((await ann.http(url)).status, 404)
  t.same(await kept(cluster), nothing)
})
