import { ConversationStore } from '@earshot/core/conversations/conversation-store'
import { GridFsBlobStore } from '@earshot/core/media/gridfs-blob-store'
import { MessageStore } from '@earshot/core/messages/message-store'
import { Ffmpeg } from '@earshot/core/voice/ffmpeg'
import { VoicePreparer } from '@earshot/core/voice/voice-preparer'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { noSpeech, recording, saidDuration, voiceOf } from '../src/recordings.ts'
import { webm, webmBytes } from '../src/speech.ts'
import { bytesOf, kept, until } from '../src/uploads.ts'

const text = 'Please call me back tomorrow morning about the meeting.'
const env = { VOICE_FFMPEG: 'ffmpeg' }
const skip = noSpeech

t.test('a container that lies about its length is found out', { skip }, async (t) => {
  const cluster = await startCluster(t, { nodes: 1, env })
  const ann = await cluster.connect('ann')
  const bob = await cluster.connect('bob')
  const { bytes, type } = await recording(text, 'webm')
  // The element Duration of the container's Info, a double.
  bytes.writeDoubleBE(800_000, bytes.indexOf(Buffer.from('448988', 'hex')) + 3)
  t.equal(await saidDuration(bytes), 800)
  await ann.send('voice_message', { recipientId: 'bob', voiceMessage: voiceOf(bytes, type, 800) })
  t.equal((await bob.hears('new_voice_message')).voiceMessage?.duration, 800, 'believed at first')
  const prepared = await bob.hears('voice_message_stored', ({ voiceMessage }) => voiceMessage.duration < 800)
  const length = await saidDuration((await recording(text, 'wav')).bytes)
  t.ok(Math.abs(prepared.voiceMessage.duration - length) < 0.2, `${prepared.voiceMessage.duration} s`)
})

t.test('MP4 of a browser is put into order as it is, MP3 is left alone', { skip }, async (t) => {
  const cluster = await startCluster(t, { nodes: 1, env })
  const ann = await cluster.connect('ann')
  const bob = await cluster.connect('bob')
  const live = await recording(text, 'live mp4')
  await ann.send('voice_message', { recipientId: 'bob', voiceMessage: voiceOf(live.bytes, live.type, 4) })
  const { voiceMessage } = await bob.hears(
    'voice_message_stored',
    (of) => of.voiceMessage.original !== undefined,
  )
  const played = await bytesOf(await bob.http(voiceMessage.url))
  t.notOk(played.includes('moof'), 'in one piece')
  t.ok(played.indexOf('moov') < played.indexOf('mdat'), 'that says at its start how long it is')

  const mp3 = await recording(text, 'mp3')
  const { _id } = await ann.send('voice_message', {
    recipientId: 'bob',
    voiceMessage: voiceOf(mp3.bytes, mp3.type, 4),
  })
  const known = await bob.hears(
    'voice_message_stored',
    (of) => of.messageId === _id && !!of.voiceMessage.waveform,
  )
  t.match(known.voiceMessage, { url: `/media/${_id}`, mimeType: 'audio/mpeg', original: undefined })
})

t.test('peaks of the sender stay; what cannot be decoded stays as it is', { skip }, async (t) => {
  const cluster = await startCluster(t, { nodes: 1, env })
  const ann = await cluster.connect('ann')
  const bob = await cluster.connect('bob')
  const noise = webm(Buffer.from('this is no packet of such a codec'))
  noise.write('A_AAC ', noise.indexOf('A_OPUS'))
  const unplayable = await ann.send('voice_message', {
    recipientId: 'bob',
    voiceMessage: voiceOf(noise, 'audio/webm', 1),
  })
  const { bytes, type } = await recording(text, 'live webm')
  const waveform = [0.1, 0.5, 0.2]
  const sent = await ann.send('voice_message', {
    recipientId: 'bob',
    voiceMessage: { ...voiceOf(bytes, type, 4), waveform },
  })
  const prepared = await bob.hears(
    'voice_message_stored',
    (of) => of.messageId === sent._id && of.voiceMessage.original !== undefined,
  )
  t.same(prepared.voiceMessage.waveform, waveform)
  const messages = cluster.db.collection<{ _id: string; voiceMessage: { isPrepared?: true } }>('messages')
  const isPrepared = async ({ _id }: { _id: string }) =>
    (await messages.findOne({ _id }))?.voiceMessage.isPrepared
  await until(async () => (await isPrepared(unplayable)) === true)
  t.ok(noise.equals(await bytesOf(await bob.http(`/media/${unplayable._id}`))))
  t.equal((await bob.http(`/media/${unplayable._id}.m4a`)).status, 404)
})

t.test(
  'prepared twice at once, it is prepared once; deleted meanwhile, nothing is left',
  { skip },
  async (t) => {
    const cluster = await startCluster(t, { nodes: 1, workers: 0, env: { VOICE_STAGE_MAX_BYTES: '1' } })
    const ann = await cluster.connect('ann')
    const { bytes, type } = await recording(text, 'live webm')
    const send = () =>
      ann.send('voice_message', { recipientId: 'ann', voiceMessage: voiceOf(bytes, type, 4) })
    const ffmpeg = new Ffmpeg({
      command: 'ffmpeg',
      maxSeconds: 60,
      timeoutMs: 100_000,
      cpuSeconds: 60,
      memoryBytes: 1_000_000_000,
    })
    const blobs = new GridFsBlobStore(cluster.db)
    const messages = new MessageStore(cluster.db)
    const conversations = new ConversationStore(cluster.db)
    const preparer = new VoicePreparer({ messages, conversations, blobs, tool: ffmpeg, makesPlayback: true })
    const { signal } = new AbortController()

    const { _id } = await send()
    await Promise.all([preparer.prepare(_id, signal), preparer.prepare(_id, signal)])
    t.match(await kept(cluster), { files: 2, chunks: 2 }, 'what was sent, and one form of it')
    const { voiceMessage } = (await messages.byId(_id)) ?? {}
    const played = await bytesOf(await ann.http(`/media/${_id}.m4a`))
    t.equal(played.length, voiceMessage?.playback?.size)

    const gone = await send()
    const examine: Ffmpeg['examine'] = async (audio, options) => {
      const found = await ffmpeg.examine(audio, options)
      await ann.send('delete_message', { messageId: gone._id })
      return found
    }
    const late = new VoicePreparer({ messages, conversations, blobs, tool: { examine }, makesPlayback: true })
    t.equal(await late.prepare(gone._id, signal), undefined)
    t.match(await kept(cluster), { files: 2, chunks: 2 })
  },
)

t.test(
  'bounded: a run that takes too long or too much is ended, and may be tried again',
  { skip },
  async (t) => {
    const bounds = { command: 'ffmpeg', maxSeconds: 60, timeoutMs: 100_000, cpuSeconds: 60, memoryBytes: 1e9 }
    const { bytes } = await recording(text, 'live webm')
    const run = (options: object, signal = new AbortController().signal) =>
      new Ffmpeg({ ...bounds, ...options }).examine(
        { bytes, container: 'audio/webm' },
        { form: 'encoded', signal },
      )
    t.ok(await run({}))
    await t.rejects(run({ timeoutMs: 1 }), 'time')
    await t.rejects(run({}, AbortSignal.abort(new Error('leaving'))), 'the worker leaves')
    await t.rejects(run({ command: '/nowhere/ffmpeg' }), 'the program is gone')
    const short = await run({ maxSeconds: 1 })
    t.equal(Math.round(short?.duration ?? 0), 1, 'so much is looked at, and no more')
  },
)

t.test('without the program messages are stored and played as they were sent', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, env: { VOICE_FFMPEG: '/nowhere/ffmpeg' } })
  const ann = await cluster.connect('ann')
  const audio = webmBytes(1_000)
  const { _id } = await ann.send('voice_message', {
    recipientId: 'ann',
    voiceMessage: voiceOf(audio, 'audio/webm', 1),
  })
  await ann.hears('voice_message_stored')
  t.ok(audio.equals(await bytesOf(await ann.http(`/media/${_id}`))))
  const [worker] = cluster.workers
  t.equal((await fetch(`http://127.0.0.1:${worker?.port}/readyz`)).status, 200)
})
