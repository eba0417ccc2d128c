import type { HistoryPage } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import {
  browserRecording,
  noSpeech,
  type RecordingKind,
  recording,
  saidDuration,
  voiceOf,
} from '../src/recordings.ts'
import { dataUrl, webm, webmBytes } from '../src/speech.ts'
import type { TestClient } from '../src/test-client.ts'
import { bytesOf, upload } from '../src/uploads.ts'

const text = 'Please call me back tomorrow morning about the meeting.'
const refused = (code: string, field: string) => ({ ok: false, error: { code, field } })

async function attempt(client: TestClient, voiceMessage: object) {
  return client.raw('voice_message', { recipientId: client.userId, voiceMessage })
}

t.test(
  'what recorders make is taken, on each way, and its length is measured',
  { skip: noSpeech },
  async (t) => {
    const cluster = await startCluster(t, { workers: 0 })
    const ann = await cluster.connect('ann', 0)
    const bob = await cluster.connect('bob', 1)
    const kinds: RecordingKind[] = ['live webm', 'webm', 'ogg', 'mp4', 'mp3', 'wav']
    const length = await saidDuration((await recording(text, 'wav')).bytes)
    for (const kind of kinds) {
      const { bytes, type } = await recording(text, kind)
      const inText = voiceOf(bytes, type, 500)
      const inBytes = { data: bytes, duration: 500, mimeType: type, size: 1 }
      const { url } = await upload(ann, bytes, { type })
      const uploaded = { ...inBytes, data: undefined, url }
      for (const voiceMessage of [inText, inBytes, uploaded]) {
        const { _id } = await ann.send('voice_message', { recipientId: 'bob', voiceMessage })
        const { voiceMessage: heard } = await bob.hears('new_voice_message', (message) => message._id === _id)
        t.match(heard, { mimeType: type, size: bytes.length }, kind)
        t.ok(Math.abs((heard?.duration ?? 0) - length) < 0.5, `${kind}: ${heard?.duration} s, not 500`)
      }
    }
  },
)

t.test('what browsers record is taken; what its container does not say is believed for now', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  const bob = await cluster.connect('bob')
  const measured = { webm: 3.96, mp4: 20 }
  for (const kind of ['webm', 'mp4'] as const) {
    const { bytes, type } = await browserRecording(kind)
    const { _id } = await ann.send('voice_message', {
      recipientId: 'bob',
      voiceMessage: voiceOf(bytes, type, 20),
    })
    const heard = await bob.hears('new_voice_message', (message) => message._id === _id)
    t.match(heard.voiceMessage, { mimeType: type, size: bytes.length, duration: measured[kind] })
  }
})

t.test('a length that is nearly true is left as it is said', { skip: noSpeech }, async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  const { bytes, type } = await recording(text, 'live webm')
  const duration = (await saidDuration((await recording(text, 'wav')).bytes)) + 0.4
  const other = await cluster.connect('ann')
  await ann.send('voice_message', { recipientId: 'ann', voiceMessage: voiceOf(bytes, type, duration) })
  t.equal((await other.hears('new_voice_message')).voiceMessage?.duration, duration)
})

t.test('no film, no page, nothing broken, nothing longer than it may be', { skip: noSpeech }, async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0, env: { LIMIT_VOICE_MAX_SECONDS: '2' } })
  const ann = await cluster.connect('ann')
  const film = await recording(text, 'film')
  t.match(
    await attempt(ann, voiceOf(film.bytes, film.type, 1)),
    refused('UNSUPPORTED_MEDIA', 'voiceMessage.url'),
  )
  const { url } = await upload(ann, film.bytes, { type: film.type })
  const voiceMessage = { url, duration: 1, mimeType: film.type, size: 1 }
  t.match(await attempt(ann, voiceMessage), refused('UNSUPPORTED_MEDIA', 'voiceMessage.url'))
  const broken = webmBytes(500).subarray(0, 100)
  t.match(
    await attempt(ann, voiceOf(broken, 'audio/webm', 1)),
    refused('UNSUPPORTED_MEDIA', 'voiceMessage.url'),
  )
  const long = await recording(`${text} ${text}`, 'live webm')
  t.match(
    await attempt(ann, voiceOf(long.bytes, long.type, 1)),
    refused('TOO_LARGE', 'voiceMessage.duration'),
  )
  const uploaded = await upload(ann, long.bytes, { type: long.type })
  const byUpload = { ...voiceMessage, url: uploaded.url }
  t.match(await attempt(ann, byUpload), refused('TOO_LARGE', 'voiceMessage.duration'))
})

t.test('what a sender says of audio is not handed on', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  const bob = await cluster.connect('bob')
  const bytes = webm(Buffer.from('hello'))
  const send = async (voiceMessage: object) =>
    (await ann.send('voice_message', { recipientId: 'bob', voiceMessage }))._id
  const hears = async (_id: string) =>
    (await bob.hears('new_voice_message', (message) => message._id === _id)).voiceMessage
  const page = await send({ ...voiceOf(bytes, 'text/html', 1), size: 7 })
  t.same(await hears(page), {
    url: dataUrl(bytes, 'audio/webm'),
    duration: 1,
    mimeType: 'audio/webm',
    size: bytes.length,
  })
  const codecs = await send(voiceOf(bytes, 'audio/webm;codecs=vp9', 1))
  t.match(await hears(codecs), { mimeType: 'audio/webm', url: dataUrl(bytes, 'audio/webm') })

  const elsewhere = {
    url: 'https://example.org/tracker.webm',
    data: bytes,
    duration: 1,
    mimeType: 'audio/webm',
    size: 1,
  }
  t.match(await attempt(ann, elsewhere), refused('BAD_REQUEST', 'voiceMessage.url'), 'nor along with bytes')
})

t.test('peaks of the sender are kept, as many as can be shown', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  const bob = await cluster.connect('bob')
  const bytes = webmBytes(500)
  const waveform = Array.from({ length: 512 }, (_, i) => (i === 300 ? 0.98765 : 0.1))
  const voiceMessage = { ...voiceOf(bytes, 'audio/webm', 1), waveform }
  await ann.send('voice_message', { recipientId: 'bob', voiceMessage })
  const peaks = (await bob.hears('new_voice_message')).voiceMessage?.waveform
  t.equal(peaks?.length, 128)
  t.same([...new Set(peaks)], [0.1, 0.99], 'no peak is lost')
  const tooMany = { ...voiceMessage, waveform: Array.from({ length: 513 }, () => 0) }
  t.match(await attempt(ann, tooMany), { ok: false, error: { code: 'BAD_REQUEST' } })
  const tooHigh = { ...voiceMessage, waveform: [2] }
  t.match(await attempt(ann, tooHigh), { ok: false, error: { code: 'BAD_REQUEST' } })
})

t.test(
  'an event over what a socket takes: the connection ends, and what it takes is published',
  async (t) => {
    const env = { LIMIT_VOICE_MAX_SOCKET_BYTES: '100000' }
    const cluster = await startCluster(t, { nodes: 1, workers: 0, env })
    const ann = await cluster.connect('ann')
    const { socketMaxBytes } = await ann.get<{ socketMaxBytes: number }>('/limits')
    t.match(await attempt(ann, voiceOf(webmBytes(100_000), 'audio/webm', 1)), { ok: true })
    const over = voiceOf(webmBytes(100_001), 'audio/webm', 1)
    t.match(await attempt(ann, over), refused('TOO_LARGE', 'voiceMessage.url'))
    const ended = ann.next<string>('disconnect')
    ann.socket.emit('message', { recipientId: 'ann', content: 'x'.repeat(socketMaxBytes) })
    t.match(await ended, /transport/)
  },
)

for (const [where, env] of [
  ['staged', {}],
  ['without room to be staged', { VOICE_STAGE_MAX_BYTES: '1' }],
] as const) {
  t.test(`the same key with other audio is refused, and the first stays what it was: ${where}`, async (t) => {
    const cluster = await startCluster(t, { workers: 0, env })
    const nodes = [await cluster.connect('ann', 0), await cluster.connect('ann', 1)] as const
    const bob = await cluster.connect('bob', 0)
    const say = (node: 0 | 1, clientMessageId: string, audio: Buffer) =>
      nodes[node].raw('voice_message', {
        recipientId: 'bob',
        voiceMessage: voiceOf(audio, 'audio/webm', 1),
        clientMessageId,
      })
    const conflict = { ok: false, error: { code: 'CONFLICT', field: 'clientMessageId' } }
    const keptOf = async (clientMessageId: string) => {
      const { _id, conversationId } = await bob.hears(
        'new_voice_message',
        (message) => message.clientMessageId === clientMessageId,
      )
      const path = `/chat/${encodeURIComponent(conversationId)}/messages`
      const { messages } = await bob.get<HistoryPage>(path)
      const message = messages.find((one) => one._id === _id)
      return bytesOf(await bob.http(message?.voiceMessage?.url ?? ''))
    }

    const [first, other] = [webmBytes(2_000), webmBytes(3_000)]
    t.match(await say(0, 'k', first), { ok: true })
    t.match(await say(1, 'k', other), conflict)
    t.ok(first.equals(await keptOf('k')))
    t.match(await say(0, 'k', first), { ok: true }, 'said again it has its answer')
    t.ok(first.equals(await keptOf('k')))

    const rivals = [webmBytes(2_000), webmBytes(3_000)] as const
    const answers = await Promise.all([say(0, 'at once', rivals[0]), say(1, 'at once', rivals[1])])
    const winner = answers.findIndex(({ ok }) => ok)
    t.match(answers[1 - winner], conflict)
    t.ok(rivals[winner]?.equals(await keptOf('at once')))

    await cluster.addWorker()
    const stored = () => new Set(bob.heardOf('voice_message_stored').map(({ messageId }) => messageId))
    while (stored().size < 2) await bob.hears('voice_message_stored')
    t.ok(first.equals(await keptOf('k')), 'and when it is stored')
    t.ok(rivals[winner]?.equals(await keptOf('at once')))
  })
}
