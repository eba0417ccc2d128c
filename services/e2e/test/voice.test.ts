import type { HistoryPage } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { dataUrl, webmBytes } from '../src/speech.ts'
import type { TestClient } from '../src/test-client.ts'
import { bytesOf, kept, nothing, until } from '../src/uploads.ts'

t.test('a voice message is heard at once, stored by the worker and fetched byte for byte', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const eve = await cluster.connect('eve', 1)
  const audio = webmBytes(600_000, 12.5)
  const url = dataUrl(audio)
  const voiceMessage = { url, duration: 12.5, mimeType: 'audio/webm;codecs=opus', size: audio.length }
  const ack = await ann.send('voice_message', {
    senderId: 'ann',
    senderName: 'Ann',
    recipientId: 'bob',
    voiceMessage,
  })

  const heard = await bob.hears('new_voice_message')
  t.match(heard, { _id: ack._id, seq: 1, messageType: 'voice', voiceMessage }, 'playable at once')
  const stored = await bob.hears('voice_message_stored')
  t.match(stored, {
    messageId: ack._id,
    voiceMessage: { url: `/media/${ack._id}`, duration: 12.5, size: 600_000 },
  })
  t.match(await ann.hears('voice_message_stored'), { messageId: ack._id })

  const { url: path } = stored.voiceMessage
  const whole = await bob.http(path)
  t.equal(whole.status, 200)
  t.equal(whole.headers.get('content-type'), 'audio/webm;codecs=opus')
  t.equal(whole.headers.get('x-content-type-options'), 'nosniff')
  t.ok(audio.equals(Buffer.from(await whole.arrayBuffer())), 'the same bytes')
  const part = await bob.http(path, { headers: { range: 'bytes=261000-261499' } })
  t.equal(part.status, 206)
  t.equal(part.headers.get('content-range'), 'bytes 261000-261499/600000')
  t.ok(
    audio.subarray(261_000, 261_500).equals(Buffer.from(await part.arrayBuffer())),
    'a range across chunks',
  )
  t.equal((await bob.http(path, { headers: { range: 'bytes=600000-' } })).status, 416)
  const etag = whole.headers.get('etag') ?? ''
  t.equal((await bob.http(path, { headers: { 'if-none-match': etag } })).status, 304)
  t.equal((await eve.http(path)).status, 404, 'nobody else may')
  t.equal((await fetch(bob.url + path)).status, 401, 'nobody without a token')

  const page = await bob.get<HistoryPage>(`/chat/${encodeURIComponent(ack.conversationId)}/messages`)
  t.match(page.messages, [{ voiceMessage: { url: path } }])
  t.equal(await cluster.redis.exists(`${cluster.prefix}:audio:{${ack._id}}`), 0, 'the staged copy is gone')
  await Promise.all([eve.barrier(), bob.barrier()])
  t.same([eve.heardOf('new_voice_message'), eve.heardOf('voice_message_stored')], [[], []])
})

t.test('whoever is there hears it once, on whichever node, and on both at once', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const bytes = webmBytes(60_000)
  const voiceMessage = { url: dataUrl(bytes), duration: 1, mimeType: 'audio/webm', size: bytes.length }
  const others: TestClient[] = []
  const comers = [
    ['ben', 0],
    ['ann', 1],
    ['ben', 1],
    ['ann', 0],
  ] as const
  for (const [userId, node] of comers) {
    others.push(await cluster.connect(userId, node))
    const { _id } = await ann.send('voice_message', { recipientId: 'ben', voiceMessage })
    for (const device of others) {
      const heard = await device.hears('new_voice_message', (message) => message._id === _id)
      t.match(heard, { voiceMessage })
    }
  }
  for (const device of others) await device.barrier()
  t.same(
    others.map((device) => device.heardOf('new_voice_message').length),
    [4, 3, 2, 1],
  )
  t.same(ann.heardOf('new_voice_message'), [], 'the sending device has the ack')
})

t.test('bytes as an attachment; playable before any worker runs; the same key once', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const audio = webmBytes(5_000)
  const voiceMessage = { data: audio, duration: 1, mimeType: 'audio/webm', size: 5_000 }
  const payload = { recipientId: 'bob', voiceMessage, clientMessageId: 'v1' }
  const ack = await ann.send('voice_message', payload)
  const heard = await bob.hears('new_voice_message')
  t.equal(heard.voiceMessage?.url, dataUrl(audio, 'audio/webm'))
  const early = await bob.http(`/media/${ack._id}`)
  t.ok(audio.equals(Buffer.from(await early.arrayBuffer())), 'from staging')
  t.same(await ann.send('voice_message', payload), ack)
  await cluster.addWorker()
  await bob.hears('voice_message_stored')
  const late = await bob.http(`/media/${ack._id}`)
  t.ok(audio.equals(Buffer.from(await late.arrayBuffer())), 'from the blob store')
  t.equal(await cluster.db.collection('media.files').countDocuments({}), 1)
  t.same(await ann.send('voice_message', payload), ack, 'once it is stored, too')
  const playback = { mimeType: 'audio/mp4', size: 1, sha256: 'of a form that plays everywhere' }
  await cluster.db
    .collection<{ _id: string }>('messages')
    .updateOne({ _id: ack._id }, { $set: { 'voiceMessage.playback': playback } })
  t.same(await ann.send('voice_message', payload), ack, 'once it is prepared, too')
  const again = await bob.hears('new_voice_message', ({ voiceMessage }) => voiceMessage?.size === 1)
  t.equal(again.voiceMessage?.url, `/media/${ack._id}.m4a`)
})

t.test('what is refused', async (t) => {
  const cluster = await startCluster(t, {
    nodes: 1,
    workers: 0,
    env: { LIMIT_VOICE_MAX_SOCKET_BYTES: '10000' },
  })
  const ann = await cluster.connect('ann')
  const good = { duration: 1, mimeType: 'audio/webm', size: 10 }
  const attempt = async (voiceMessage: object) =>
    ann.raw('voice_message', { recipientId: 'ann', voiceMessage })
  const refused = (code: string, field: string) => ({ ok: false, error: { code, field } })
  t.match(await attempt({ ...good, url: 'http://127.0.0.1/x' }), refused('BAD_REQUEST', 'voiceMessage.url'))
  t.match(
    await attempt({ ...good, url: 'data:audio/webm;base64,$$$$' }),
    refused('BAD_REQUEST', 'voiceMessage.url'),
  )
  t.match(await attempt(good), refused('BAD_REQUEST', 'voiceMessage.url'))
  const text = dataUrl(Buffer.from('this is no audio'))
  t.match(await attempt({ ...good, url: text }), refused('UNSUPPORTED_MEDIA', 'voiceMessage.url'))
  t.match(
    await attempt({ ...good, url: dataUrl(webmBytes(10_001)) }),
    refused('TOO_LARGE', 'voiceMessage.url'),
  )
  t.match(
    await attempt({ ...good, duration: 1_000, url: dataUrl(webmBytes(300)) }),
    refused('TOO_LARGE', 'voiceMessage.duration'),
  )
  t.match(await attempt({ ...good, url: dataUrl(webmBytes(10_000)) }), { ok: true })
})

t.test('without room in staging the audio goes to the blob store at once', async (t) => {
  const env = { VOICE_STAGE_MAX_BYTES: '100', MEDIA_ORPHAN_TTL_S: '0', MEDIA_SWEEP_MS: '20' }
  const cluster = await startCluster(t, { nodes: 1, workers: 0, env })
  const ann = await cluster.connect('ann')
  const say = (audio: Buffer, clientMessageId: string) => {
    const voiceMessage = { url: dataUrl(audio), duration: 1, mimeType: 'audio/webm', size: audio.length }
    return ann.raw('voice_message', { recipientId: 'ann', voiceMessage, clientMessageId })
  }
  const audio = webmBytes(1_000)
  t.match(await say(audio, 'k'), { ok: true })
  t.equal(await cluster.db.collection('media.files').countDocuments({}), 1)
  const conversationId = 'dm:ann:ann'
  const read = async () =>
    (await ann.get<HistoryPage>(`/chat/${encodeURIComponent(conversationId)}/messages`)).messages[0]
  const { url = '' } = (await read())?.voiceMessage ?? {}
  const answer = await ann.http(url)
  t.ok(audio.equals(await bytesOf(answer)))
  const saved = await ann.http(`${url}?download`)
  t.match(saved.headers.get('content-disposition'), /^attachment; filename="voice-message-.*\.webm"/)

  // What was stored for sends that made no message, and for one said again, is found and goes.
  t.match(await say(webmBytes(1_000), 'k'), { error: { code: 'CONFLICT' } })
  t.match(await say(audio, 'k'), { ok: true })
  t.equal((await kept(cluster)).files, 3)
  await cluster.db.collection('media').updateMany({}, { $set: { checkAt: new Date(0) } })
  await cluster.addWorker()
  t.match(await ann.hears('voice_message_stored'), { voiceMessage: { url } }, 'told as if it had been staged')
  await until(async () => (await kept(cluster)).files === 1)
  t.ok(audio.equals(await bytesOf(await ann.http(url))))
  await ann.send('delete_message', { messageId: (await read())?._id })
  t.same(await kept(cluster), nothing)
})
