import type { HistoryPage, SignedMediaUrl } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { browserRecording, noSpeech, recording, saidDuration, voiceOf } from '../src/recordings.ts'
import { bytesOf, kept, nothing, until, upload } from '../src/uploads.ts'

const text = 'Please call me back tomorrow morning about the meeting.'
const env = { VOICE_FFMPEG: 'ffmpeg' }
const skip = noSpeech

t.test('a recording without a length becomes one that every browser plays', { skip }, async (t) => {
  const cluster = await startCluster(t, { env })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const eve = await cluster.connect('eve', 1)
  const { bytes, type } = await recording(text, 'live webm')
  t.ok(Number.isNaN(await saidDuration(bytes)), 'as browsers record it')
  const length = await saidDuration((await recording(text, 'wav')).bytes)
  const { _id, conversationId } = await ann.send('voice_message', {
    recipientId: 'bob',
    voiceMessage: voiceOf(bytes, type, length),
  })
  const original = { url: `/media/${_id}`, mimeType: type, size: bytes.length }
  t.match(await bob.hears('voice_message_stored'), { messageId: _id, voiceMessage: original }, 'stored first')
  const prepared = (of: { voiceMessage: { original?: unknown } }) => of.voiceMessage.original !== undefined
  const { voiceMessage } = await bob.hears('voice_message_stored', prepared)
  t.match(await ann.hears('voice_message_stored', prepared), { messageId: _id, voiceMessage })
  t.match(voiceMessage, { url: `/media/${_id}.m4a`, mimeType: 'audio/mp4', duration: length, original })
  const peaks = voiceMessage.waveform ?? []
  t.ok(peaks.length > 32 && peaks.length <= 128, `${peaks.length} peaks`)
  t.ok(Math.max(...peaks) > 0.2 && Math.min(...peaks) < 0.1, 'of speech and of pauses')

  const whole = await bob.http(voiceMessage.url)
  t.match([whole.status, whole.headers.get('content-type')], [200, 'audio/mp4'])
  const played = await bytesOf(whole)
  t.equal(played.length, voiceMessage.size)
  t.ok(Math.abs((await saidDuration(played)) - length) < 0.2, 'it says how long it is')
  const part = await bob.http(voiceMessage.url, { headers: { range: 'bytes=100-199' } })
  t.equal(part.status, 206)
  t.ok(played.subarray(100, 200).equals(await bytesOf(part)), 'players can seek')
  t.ok(bytes.equals(await bytesOf(await bob.http(original.url))), 'what was sent is still there')
  t.same(
    [(await eve.http(voiceMessage.url)).status, (await fetch(bob.url + voiceMessage.url)).status],
    [404, 401],
  )

  const { url } = (await (
    await bob.http(`${voiceMessage.url}/sign`, { method: 'POST' })
  ).json()) as SignedMediaUrl
  t.equal((await fetch(bob.url + url)).status, 200, 'by a signed URL, in a tag')
  const saved = await fetch(`${bob.url}${url}&download`)
  t.match(
    saved.headers.get('content-disposition'),
    /^attachment; filename="voice-message-\d{4}-\d\d-\d\d-\d\d\.\d\d\.\d\d\.m4a"$/,
  )
  const inPlace = await bob.http(original.url)
  t.match(inPlace.headers.get('content-disposition'), /^inline; filename="voice-message-.*\.webm"$/)

  const page = await bob.get<HistoryPage>(`/chat/${encodeURIComponent(conversationId)}/messages`)
  t.same(page.messages[0]?.voiceMessage, voiceMessage)
  const list = await bob.get<{ conversations: { lastMessage: unknown }[] }>('/chat')
  t.match(list.conversations[0]?.lastMessage, { voiceMessage })
})

t.test('what a browser records is measured and made playable', { skip }, async (t) => {
  const cluster = await startCluster(t, { nodes: 1, env })
  const ann = await cluster.connect('ann')
  const bob = await cluster.connect('bob')
  for (const kind of ['webm', 'mp4'] as const) {
    const { bytes, type } = await browserRecording(kind)
    const { _id } = await ann.send('voice_message', {
      recipientId: 'bob',
      voiceMessage: voiceOf(bytes, type, 20),
    })
    const { voiceMessage } = await bob.hears(
      'voice_message_stored',
      (of) => of.messageId === _id && of.voiceMessage.original !== undefined,
    )
    t.ok(Math.abs(voiceMessage.duration - 4) < 0.2, `${kind}: ${voiceMessage.duration} s`)
    const played = await saidDuration(await bytesOf(await bob.http(voiceMessage.url)))
    t.ok(Math.abs(played - voiceMessage.duration) < 0.2, `${played} s to a player`)
  }
})

t.test(
  'deletion takes all of it: what was sent, what was made of it, what is known of it',
  { skip },
  async (t) => {
    const cluster = await startCluster(t, { nodes: 1, env })
    const ann = await cluster.connect('ann')
    const bob = await cluster.connect('bob')
    const { bytes, type } = await recording(text, 'ogg')
    const { url } = await upload(ann, bytes, { type })
    const recorded = voiceOf(bytes, type, 4)
    const uploaded = { url, duration: 4, mimeType: type, size: 1 }
    for (const voiceMessage of [recorded, uploaded]) {
      const { _id } = await ann.send('voice_message', { recipientId: 'bob', voiceMessage })
      await bob.hears(
        'voice_message_stored',
        (of) => of.messageId === _id && of.voiceMessage.original !== undefined,
      )
      await bob.send('voice_position', { messageId: _id, position: 1.5 })
      const other = await cluster.connect('bob')
      await bob.send('voice_position', { messageId: _id, position: 1.7 })
      await other.hears('voice_position_changed', (of) => of.messageId === _id)
      await ann.send('delete_message', { messageId: _id })
      await bob.hears('message_deleted', ({ messageId }) => messageId === _id)
      t.equal((await bob.http(`/media/${_id}.m4a`)).status, 404)
      const doc = await cluster.db
        .collection<{ _id: string; voiceMessage?: unknown }>('messages')
        .findOne({ _id })
      t.notOk(doc?.voiceMessage)
      const [positions] = await cluster.db.collection('voice_positions').find({}).toArray()
      t.same(positions?.positions, {})
    }
    await until(async () => (await kept(cluster)).chunks === 0)
    t.same(await kept(cluster), nothing)
  },
)
