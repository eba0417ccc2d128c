import { queuePrefix } from '@earshot/core/jobs/job-queue'
import { voiceQueueNames } from '@earshot/core/voice/voice-queue'
import type { HistoryPage, SearchResult } from '@earshot/protocol'
import { Queue } from 'bullmq'
import t from 'tap'
import { startRecogniser } from '../../../infra/servers/recogniser.ts'
import { NotThisWay } from '../../../infra/tools/ways.ts'
import { type Cluster, startCluster } from '../src/cluster.ts'
import { noSpeech, recording, voiceOf } from '../src/recordings.ts'
import { fails, hangs, says, scriptedRecogniser } from '../src/scripted-recogniser.ts'
import { webmBytes } from '../src/speech.ts'
import type { TestClient } from '../src/test-client.ts'
import { until, upload } from '../src/uploads.ts'

const quick = { VOICE_JOB_BACKOFF_MS: '10' }
const messagesPath = (conversationId: string) => `/chat/${encodeURIComponent(conversationId)}/messages`

async function speak(client: TestClient, seconds = 1) {
  const voiceMessage = voiceOf(webmBytes(500, seconds), 'audio/webm', seconds)
  return client.send('voice_message', { recipientId: 'bob', voiceMessage })
}

function jobs(cluster: Cluster, t: { teardown: (work: () => Promise<void>) => void }): Queue {
  const queue = new Queue(voiceQueueNames.transcribe, {
    connection: cluster.redis,
    prefix: queuePrefix(cluster.prefix),
  })
  t.teardown(() => queue.close())
  return queue
}

t.test(
  'speech is written down: told, kept, found, and gone with the message',
  { skip: noSpeech },
  async (t) => {
    const recogniser = await startRecogniser({ key: 'open sesame' })
    if (recogniser instanceof NotThisWay) {
      if (process.env.CI) t.fail(recogniser.why)
      else t.comment(`skipped: ${recogniser.why}`)
      return
    }
    t.teardown(() => recogniser.stop())
    const env = { TRANSCRIBE_URL: recogniser.url, TRANSCRIBE_KEY: 'open sesame', VOICE_FFMPEG: 'ffmpeg' }
    const cluster = await startCluster(t, { env })
    const ann = await cluster.connect('ann', 0)
    const bob = await cluster.connect('bob', 1)
    const eve = await cluster.connect('eve', 0)
    const text = 'We will meet in the city tomorrow morning. Please bring the money and the water.'
    const { bytes, type } = await recording(text, 'live webm')
    const { _id, conversationId } = await ann.send('voice_message', {
      recipientId: 'bob',
      voiceMessage: voiceOf(bytes, type, 5),
    })
    const { voiceMessage } = await bob.hears(
      'voice_message_transcribed',
      ({ messageId }) => messageId === _id,
    )
    const transcript = voiceMessage.transcript ?? ''
    const spoken = new Set(text.toLowerCase().match(/[a-z]+/g))
    const heard = [...spoken].filter((word) => transcript.split(' ').includes(word))
    // A small recogniser and a robot's voice: most words, not all.
    t.ok(heard.length >= spoken.size / 2, `${heard.length} of ${spoken.size} words: "${transcript}"`)
    t.match(await ann.hears('voice_message_transcribed'), { messageId: _id, conversationId, voiceMessage })
    const page = await bob.get<HistoryPage>(messagesPath(conversationId))
    t.match(page.messages, [{ content: '', voiceMessage: { transcript } }])

    const search = async (client: TestClient, words: string) =>
      (await client.get<SearchResult>(`/message/search?q=${encodeURIComponent(words)}`)).messages
    const words = transcript.split(' ').slice(1, 4).join(' ')
    t.match(await search(bob, words), [{ _id }], `found by "${words}"`)
    t.same(await search(eve, words), [])
    await ann.send('delete_message', { messageId: _id })
    t.same(await search(bob, words), [])
    const raw = await cluster.db.collection<{ _id: string }>('messages').findOne({ _id })
    t.notMatch(JSON.stringify(raw), words, 'nothing of it is left')
    const job = await jobs(cluster, t).getJob(_id)
    t.notMatch(JSON.stringify(job), words, 'nor in the queue')
  },
)

t.test('asked again while the recogniser is ill, and once only when it is well', async (t) => {
  const { url, asked } = await scriptedRecogniser(t, fails(503), fails(429), says(' hello there '))
  const cluster = await startCluster(t, { nodes: 1, env: { ...quick, TRANSCRIBE_URL: `${url}/` } })
  const ann = await cluster.connect('ann')
  const bob = await cluster.connect('bob')
  const { _id } = await speak(ann)
  const { voiceMessage } = await bob.hears('voice_message_transcribed')
  t.equal(voiceMessage.transcript, 'hello there')
  t.same(
    asked.map(({ method, url, headers }) => `${method} ${url} ${headers.authorization}`),
    Array.from({ length: 3 }, () => 'POST /v1/audio/transcriptions undefined'),
  )

  const queue = jobs(cluster, t)
  await until(async () => (await (await queue.getJob(_id))?.getState()) === 'completed')
  await (await queue.getJob(_id))?.remove()
  bob.heard.length = 0
  await queue.add('again', { messageId: _id, correlationId: 'x' }, { jobId: _id })
  t.match(await bob.hears('voice_message_transcribed'), { messageId: _id, voiceMessage }, 'told again')
  t.equal(asked.length, 3, 'and not asked for again')
})

t.test('a recogniser that does not answer is not waited for', async (t) => {
  const { url, asked } = await scriptedRecogniser(t, hangs, says('late'))
  const env = { ...quick, TRANSCRIBE_URL: url, TRANSCRIBE_TIMEOUT_MS: '500' }
  const cluster = await startCluster(t, { nodes: 1, env })
  const ann = await cluster.connect('ann')
  const bob = await cluster.connect('bob')
  await speak(ann)
  t.equal((await bob.hears('voice_message_transcribed')).voiceMessage.transcript, 'late')
  t.ok(asked.length >= 2)
})

t.test('audio that a recogniser refuses is not sent again, and waits for an operator', async (t) => {
  const { url, asked } = await scriptedRecogniser(t, fails(415))
  const cluster = await startCluster(t, { nodes: 1, env: { ...quick, TRANSCRIBE_URL: url } })
  const ann = await cluster.connect('ann')
  await cluster.connect('bob')
  const { _id } = await speak(ann)
  const queue = jobs(cluster, t)
  await until(async () => (await (await queue.getJob(_id))?.getState()) === 'failed')
  t.equal((await queue.getJob(_id))?.failedReason, 'the recogniser answered 415')
  t.equal(asked.length, 1)
})

t.test('what is too long is not sent; uploads are transcribed too; off unless asked for', async (t) => {
  const { url, asked } = await scriptedRecogniser(t, says('from an upload'))
  const env = { ...quick, TRANSCRIBE_URL: url, TRANSCRIBE_MAX_SECONDS: '10', TRANSCRIBE_MAX_BYTES: '600' }
  const cluster = await startCluster(t, { nodes: 1, env })
  const ann = await cluster.connect('ann')
  const bob = await cluster.connect('bob')
  const queue = jobs(cluster, t)
  const long = await speak(ann, 11)
  const large = await ann.send('voice_message', {
    recipientId: 'bob',
    voiceMessage: voiceOf(webmBytes(601), 'audio/webm', 1),
  })
  for (const { _id } of [long, large]) {
    await until(async () => (await (await queue.getJob(_id))?.getState()) === 'completed')
  }
  t.equal(asked.length, 0)
  const uploaded = await upload(ann, webmBytes(500), { type: 'audio/webm' })
  const voiceMessage = { url: uploaded.url, duration: 1, mimeType: 'audio/webm', size: 1 }
  const { _id } = await ann.send('voice_message', { recipientId: 'bob', voiceMessage })
  t.match(await bob.hears('voice_message_transcribed'), {
    messageId: _id,
    voiceMessage: { url: uploaded.url },
  })

  const plain = await startCluster(t, { nodes: 1 })
  const carl = await plain.connect('bob')
  const sent = await speak(carl)
  // What comes next is in its queue before this is told.
  await carl.hears('voice_message_stored')
  t.equal(await jobs(plain, t).getJob(sent._id), undefined)
})
