import type { Message } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { startBucket } from '../src/s3.ts'
import { dataUrl, webmBytes } from '../src/speech.ts'
import { begin, head, patch } from '../src/tus.ts'
import { bytesOf, kept, nothing, opaqueBytes, until, upload } from '../src/uploads.ts'

const fileOf = (url: string) => ({ url, name: 'plan.pdf', mimeType: 'x', size: 1 })
const part = 5 * 1024 * 1024

t.test('on S3: spoken, stored, played from another node with ranges, deleted everywhere', async (t) => {
  const bucket = await startBucket(t)
  const cluster = await startCluster(t, { env: bucket.env() })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const eve = await cluster.connect('eve', 1)
  const audio = webmBytes(600_000, 12.5)
  const voiceMessage = { url: dataUrl(audio), duration: 12.5, mimeType: 'audio/webm', size: audio.length }
  const { _id } = await ann.send('voice_message', { recipientId: 'bob', voiceMessage })
  const { voiceMessage: stored } = await bob.hears('voice_message_stored')
  t.equal(stored.url, `/media/${_id}`)
  t.same(await bucket.keys(), [_id])
  t.same(await kept(cluster), nothing, 'nothing in MongoDB')

  const whole = await bob.http(stored.url)
  t.match([whole.status, whole.headers.get('content-type')], [200, /^audio\/webm/])
  t.ok(audio.equals(await bytesOf(whole)))
  const middle = await bob.http(stored.url, { headers: { range: 'bytes=261000-261499' } })
  t.match([middle.status, middle.headers.get('content-range')], [206, 'bytes 261000-261499/600000'])
  t.ok(audio.subarray(261_000, 261_500).equals(await bytesOf(middle)))
  t.equal((await eve.http(stored.url)).status, 404)

  await ann.send('delete_message', { messageId: _id })
  await bob.hears('message_deleted')
  t.equal((await bob.http(stored.url)).status, 404)
  t.same(await bucket.keys(), [])
})

t.test('on S3: files, at once and in pieces, sent and deleted', async (t) => {
  const bucket = await startBucket(t)
  const cluster = await startCluster(t, { env: bucket.env() })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const bytes = opaqueBytes(part + 3_000_000)
  const atOnce = await upload(ann, bytes)
  const elsewhere = await cluster.connect('ann', 1)
  const path = await begin(ann, bytes.length)
  t.equal((await patch(ann, path, 0, bytes.subarray(0, 1_000_000))).status, 204)
  t.equal((await head(elsewhere, path)).headers.get('upload-offset'), '1000000')
  const last = await patch(elsewhere, path, 1_000_000, bytes.subarray(1_000_000))
  const mediaId = last.headers.get('media-id') ?? ''
  t.same(await bucket.keys(), [atOnce._id, mediaId].sort(), 'its pieces are gone')

  const sent: Pick<Message, '_id'>[] = []
  for (const url of [atOnce.url, `/media/${mediaId}`]) {
    sent.push(await ann.send('message', { recipientId: 'bob', messageType: 'file', file: fileOf(url) }))
    t.ok(bytes.equals(await bytesOf(await bob.http(url))))
    const end = await bob.http(url, { headers: { range: 'bytes=-1000' } })
    t.ok(bytes.subarray(-1_000).equals(await bytesOf(end)))
  }
  for (const { _id: messageId } of sent) await ann.send('delete_message', { messageId })
  await until(async () => (await bucket.keys()).length === 0)
  t.same(await bucket.unfinished(), [])
  t.equal((await kept(cluster)).media, 0)
})

t.test('sent on to S3 itself: by who may, whole and in part, shown or saved', async (t) => {
  const bucket = await startBucket(t)
  const cluster = await startCluster(t, { env: { ...bucket.env(), S3_READS: 'presigned' } })
  const ann = await cluster.connect('ann', 0)
  const eve = await cluster.connect('eve', 1)
  const audio = webmBytes(300_000)
  const { url } = await upload(ann, audio, { type: 'audio/webm', name: 'a.webm' })
  const answer = await ann.http(`${url}?download`, { redirect: 'manual' })
  t.equal(answer.status, 307)
  t.match(Object.fromEntries(answer.headers), {
    location: new RegExp(`^${bucket.options.endpoint}/.*X-Amz-Signature=`),
    'cache-control': 'private, no-store',
  })
  t.equal((await eve.http(url, { redirect: 'manual' })).status, 404)
  const whole = await ann.http(`${url}?download`)
  t.match(Object.fromEntries(whole.headers), {
    'content-type': 'audio/webm',
    'content-disposition': /^attachment; filename="a\.webm"/,
  })
  t.ok(audio.equals(await bytesOf(whole)))
  const middle = await ann.http(url, { headers: { range: 'bytes=1000-1999' } })
  t.equal(middle.status, 206)
  t.ok(audio.subarray(1_000, 2_000).equals(await bytesOf(middle)))
  const only = await ann.http(url, { method: 'HEAD', redirect: 'manual' })
  t.match([only.status, only.headers.get('content-length')], [200, '300000'])

  const voiceMessage = { url: dataUrl(audio), duration: 1, mimeType: 'audio/webm', size: audio.length }
  const { _id } = await ann.send('voice_message', { recipientId: 'ann', voiceMessage })
  await ann.hears('voice_message_stored')
  t.ok(audio.equals(await bytesOf(await ann.http(`/media/${_id}`))))
})
