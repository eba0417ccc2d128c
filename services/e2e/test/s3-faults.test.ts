import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { queuePrefix } from '@earshot/core/jobs/job-queue'
import { voiceQueueNames } from '@earshot/core/voice/voice-queue'
import { Queue } from 'bullmq'
import t, { type Test } from 'tap'
import { startCluster } from '../src/cluster.ts'
import { startBucket } from '../src/s3.ts'
import { dataUrl, webmBytes } from '../src/speech.ts'
import { begin, head, patch } from '../src/tus.ts'
import { bytesOf, kept, nothing, opaqueBytes, until, upload } from '../src/uploads.ts'
import { Wire } from '../src/wire.ts'

const part = 5 * 1024 * 1024
const fileOf = (url: string) => ({ url, name: 'x', mimeType: 'x', size: 1 })
const away = { error: { code: 'RETRY_LATER', retryAfterMs: Number } }

async function clusterOnWire(t: Test, env: Record<string, string> = {}) {
  const bucket = await startBucket(t)
  const { wire, url } = await Wire.to(bucket.options.endpoint ?? '')
  t.teardown(() => wire.close())
  const settings = { VOICE_JOB_BACKOFF_MS: '50', MEDIA_SWEEP_MS: '50', MEDIA_ORPHAN_TTL_S: '600' }
  const cluster = await startCluster(t, { env: { ...bucket.env(url), ...settings, ...env } })
  return { bucket, wire, cluster }
}

t.test('S3 is away while voice messages come: acknowledged, played, stored when it is back', async (t) => {
  const { bucket, wire, cluster } = await clusterOnWire(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const audio = Array.from({ length: 12 }, () => webmBytes(200_000))
  const speak = async (bytes: Buffer) => {
    const voiceMessage = { url: dataUrl(bytes), duration: 1, mimeType: 'audio/webm', size: bytes.length }
    return (await ann.send('voice_message', { recipientId: 'bob', voiceMessage }))._id
  }
  const early = audio.slice(0, 6).map(speak)
  // With jobs in hand.
  await bob.hears('voice_message_stored')
  wire.cut()
  const ids = [...(await Promise.all(early)), ...(await Promise.all(audio.slice(6).map(speak)))]
  const queue = new Queue(voiceQueueNames.store, {
    connection: cluster.redis,
    prefix: queuePrefix(cluster.prefix),
  })
  t.teardown(() => queue.close())
  const putOff = async () => (await queue.getDelayed()).filter((job) => job.attemptsStarted > 1)
  await until(async () => (await putOff()).length > 0)
  t.same(
    (await putOff()).filter((job) => job.attemptsMade > 0),
    [],
    'an outage takes no tries',
  )
  for (const [i, id] of ids.slice(6).entries()) {
    t.ok(audio[6 + i]?.equals(await bytesOf(await bob.http(`/media/${id}`))), 'from staging')
  }
  await ann.send('message', { recipientId: 'bob', content: 'texts do not mind' })

  wire.mend()
  await until(async () => (await bucket.keys()).length === ids.length)
  t.same(await bucket.keys(), ids.toSorted())
  t.same(await bucket.unfinished(), [])
  for (const [i, id] of ids.entries()) {
    t.ok(audio[i]?.equals(await bytesOf(await bob.http(`/media/${id}`))))
    await bob.hears('voice_message_stored', ({ messageId }) => messageId === id)
  }
})

t.test('S3 goes away in the middle of an upload: said so, and nothing of it stays', async (t) => {
  const { bucket, wire, cluster } = await clusterOnWire(t)
  const ann = await cluster.connect('ann', 0)
  const bytes = opaqueBytes(3 * part)
  const outgoing = request(`${ann.url}/media`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ann.token}`, 'content-length': bytes.length },
  })
  outgoing.write(bytes.subarray(0, part + 1_000_000))
  await until(async () => (await bucket.unfinished()).length === 1)
  wire.cut()
  outgoing.end(bytes.subarray(part + 1_000_000))
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  t.equal(response.statusCode, 503)
  t.match(JSON.parse(Buffer.concat(await response.toArray()).toString()), away)
  t.equal((await bucket.unfinished()).length, 1, 'it could not be taken back')
  wire.mend()
  await until(async () => (await kept(cluster)).media === 0)
  t.same([await bucket.keys(), await bucket.unfinished()], [[], []])
  t.ok(bytes.equals(await bytesOf(await ann.http((await upload(ann, bytes)).url))), 'the next one is taken')
})

t.test('S3 is away for a piece of a resumable upload: it goes on where it was', async (t) => {
  const { bucket, wire, cluster } = await clusterOnWire(t)
  const ann = await cluster.connect('ann', 0)
  const bytes = opaqueBytes(2 * part)
  const path = await begin(ann, bytes.length)
  t.equal((await patch(ann, path, 0, bytes.subarray(0, 1_000_000))).status, 204)
  wire.cut()
  const refused = await patch(ann, path, 1_000_000, bytes.subarray(1_000_000))
  t.match([refused.status, await refused.json()], [503, away])
  t.equal((await head(ann, path)).headers.get('upload-offset'), '1000000')
  wire.mend()
  const last = await patch(ann, path, 1_000_000, bytes.subarray(1_000_000))
  const mediaId = last.headers.get('media-id') ?? ''
  t.ok(bytes.equals(await bytesOf(await ann.http(`/media/${mediaId}`))))
  t.same([await bucket.keys(), await bucket.unfinished()], [[mediaId], []])
})

t.test('S3 is away for playing and deleting: said so, done when it is back', async (t) => {
  const { bucket, wire, cluster } = await clusterOnWire(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const audio = webmBytes(50_000)
  const voiceMessage = { url: dataUrl(audio), duration: 1, mimeType: 'audio/webm', size: audio.length }
  const spoken = await ann.send('voice_message', { recipientId: 'bob', voiceMessage })
  await bob.hears('voice_message_stored')
  const { url } = await upload(ann, audio)
  const sent = await ann.send('message', { recipientId: 'bob', messageType: 'file', file: fileOf(url) })
  wire.cut()
  for (const path of [`/media/${spoken._id}`, url]) {
    for (const range of [undefined, 'bytes=5-9']) {
      const answer = await bob.http(path, range === undefined ? {} : { headers: { range } })
      t.match([answer.status, await answer.json()], [503, away])
    }
  }
  for (const { _id: messageId } of [spoken, sent]) {
    t.match(await ann.raw('delete_message', { messageId }), { ok: false, error: { code: 'RETRY_LATER' } })
    t.equal((await bob.http(`/media/${messageId}`)).status, 404, 'nobody can play it any more')
  }
  wire.mend()
  for (const { _id } of [spoken, sent])
    await bob.hears('message_deleted', ({ messageId }) => messageId === _id)
  await until(async () => (await bucket.keys()).length === 0)
  t.same(await kept(cluster), nothing)
})
