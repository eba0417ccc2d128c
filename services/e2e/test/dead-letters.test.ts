import type { HistoryPage } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { sendDoomedVoice } from '../src/dead-voice.ts'
import { jobsCommand, jobsJson, jobsProcess } from '../src/jobs-command.ts'
import { fails, says, scriptedRecogniser } from '../src/scripted-recogniser.ts'
import { dataUrl, webmBytes } from '../src/speech.ts'
import { until } from '../src/uploads.ts'

const brief = { VOICE_JOB_ATTEMPTS: '2', VOICE_JOB_BACKOFF_MS: '1' }

interface Listed {
  counts: Record<string, number>
  jobs: { id: string; queue: string; data: { messageId: string }; reason: string; attempts: number }[]
}
const messagesPath = (conversationId: string) => `/chat/${encodeURIComponent(conversationId)}/messages`

t.test('a job dies: its sender is told, an operator sees it, retries it, and it gets there', async (t) => {
  const cluster = await startCluster(t, { workers: 0, env: brief })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const { ack, audio, heal } = await sendDoomedVoice(cluster, ann, 'bob')
  await bob.hears('new_voice_message')
  await cluster.addWorker()

  const failed = await ann.hears('voice_message_failed')
  t.match(failed, { messageId: ack._id, voiceMessage: { failed: 'store', size: audio.length } })
  const read = async () => (await ann.get<HistoryPage>(messagesPath(ack.conversationId))).messages[0]
  t.match(await read(), { voiceMessage: { failed: 'store' } }, 'and finds it so later')

  const id = `voice/${ack._id}`
  // Told before it dies: one who dies in between tells it again.
  await until(async () => (await jobsJson<Listed>(cluster, 'list')).jobs.length > 0)
  const listed = await jobsJson<Listed>(cluster, 'list')
  t.equal(listed.counts.voice, 1)
  t.match(listed.jobs, [
    { id, queue: 'voice', data: { messageId: ack._id }, attempts: 2, reason: /WRONGTYPE/ },
  ])
  t.match((await jobsCommand(cluster, 'list')).out, new RegExp(`${id}.*WRONGTYPE`))
  const shown = await jobsProcess(cluster, 'show', ack._id)
  t.match(shown, { code: 0, out: /tries +2[\s\S]*WRONGTYPE[\s\S]* at / })

  await heal()
  t.same(await jobsJson(cluster, 'retry', ack._id), { retried: 1, ids: [id] })
  const stored = await bob.hears('voice_message_stored')
  t.match(stored, { messageId: ack._id, voiceMessage: { url: `/media/${ack._id}` } })
  t.equal(stored.voiceMessage.failed, undefined)
  t.ok(audio.equals(Buffer.from(await (await bob.http(stored.voiceMessage.url)).arrayBuffer())))
  t.equal((await read())?.voiceMessage?.failed, undefined)
  t.match(await jobsCommand(cluster, 'list'), { code: 0, out: 'No dead jobs.\n' })
  await bob.barrier()
  t.same(bob.heardOf('voice_message_failed'), [], 'to hear it nothing was missing')
})

t.test('all at once, and what dies again is left for the next time', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0, env: brief })
  const ann = await cluster.connect('ann')
  const voices = [
    await sendDoomedVoice(cluster, ann, 'ann'),
    await sendDoomedVoice(cluster, ann, 'ann'),
    await sendDoomedVoice(cluster, ann, 'ann'),
  ]
  await cluster.addWorker()
  const dead = async () => (await jobsJson<Listed>(cluster, 'list', '--queue', 'voice')).jobs
  await until(async () => (await dead()).length === 3)
  const [ill, ...healed] = voices
  for (const { heal } of healed) await heal()
  t.same(await jobsJson(cluster, 'retry', '--all'), { retried: 3 })
  for (const { ack } of healed) {
    await ann.hears('voice_message_stored', ({ messageId }) => messageId === ack._id)
  }
  await until(async () => (await dead()).length > 0)
  t.match(await dead(), [{ data: { messageId: ill?.ack._id } }])
})

t.test('what is dropped is gone; audio is not lost by a slip', async (t) => {
  const { url } = await scriptedRecogniser(t, fails(415), says('never asked'))
  const cluster = await startCluster(t, { nodes: 1, workers: 0, env: { ...brief, TRANSCRIBE_URL: url } })
  const ann = await cluster.connect('ann')
  const { ack } = await sendDoomedVoice(cluster, ann, 'ann')
  await cluster.addWorker()
  await until(async () => (await jobsJson<Listed>(cluster, 'list')).jobs.length > 0)
  const refused = await jobsCommand(cluster, 'drop', ack._id)
  t.match(refused, { code: 1, out: '', err: /loses the audio.*--lose-audio/ })
  t.equal((await jobsJson<Listed>(cluster, 'list')).jobs.length, 1, 'it is still there')
  t.match(await jobsCommand(cluster, 'drop', `voice/${ack._id}`, '--lose-audio'), { code: 0 })
  t.equal((await jobsJson<Listed>(cluster, 'list')).jobs.length, 0)
  const page = await ann.get<HistoryPage>(messagesPath(ack.conversationId))
  t.match(page.messages, [{ voiceMessage: { failed: 'lost' } }])
  t.equal((await ann.http(`/media/${ack._id}`)).status, 404)
  t.equal(await cluster.redis.exists(`${cluster.prefix}:audio:{${ack._id}}`), 0)

  const audio = webmBytes(500)
  const voiceMessage = { url: dataUrl(audio), duration: 1, mimeType: 'audio/webm', size: audio.length }
  const { _id } = await ann.send('voice_message', { recipientId: 'ann', voiceMessage })
  const failed = await ann.hears('voice_message_failed', ({ messageId }) => messageId === _id)
  t.match(failed, { voiceMessage: { failed: 'transcribe', url: `/media/${_id}` } })
  await until(async () => (await jobsJson<Listed>(cluster, 'list')).jobs.length > 0)
  t.match(await jobsCommand(cluster, 'drop', _id), { code: 0, out: /voice-transcribe\/.* is dropped/ })
  t.ok(audio.equals(Buffer.from(await (await ann.http(`/media/${_id}`)).arrayBuffer())), 'the audio stays')
})

t.test('audio that is nowhere is said to be lost, to all who can read it', async (t) => {
  const cluster = await startCluster(t, { workers: 0, env: brief })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const { ack } = await sendDoomedVoice(cluster, ann, 'bob')
  await cluster.redis.del(`${cluster.prefix}:audio:{${ack._id}}`)
  await cluster.addWorker()
  for (const one of [ann, bob]) {
    t.match(await one.hears('voice_message_failed'), { messageId: ack._id, voiceMessage: { failed: 'lost' } })
  }
})

t.test('what makes no sense is told so', async (t) => {
  const cluster = await startCluster(t, { nodes: 0, workers: 0 })
  const unknown = { code: 1, out: '', err: /No dead job has the id "nobody"/ }
  for (const command of ['show', 'retry', 'drop']) {
    t.match(await jobsCommand(cluster, command, 'nobody'), unknown, command)
  }
  t.match(await jobsCommand(cluster, 'show', 'post/nobody'), {
    code: 1,
    err: /no queue "post".*voice-prepare/,
  })
  t.match(await jobsCommand(cluster), { code: 2, err: /Usage/ })
  t.match(await jobsCommand(cluster, 'burn', 'x'), { code: 2, err: /no command "burn"/ })
  t.match(await jobsCommand(cluster, 'retry'), { code: 2, err: /needs an id/ })
  t.match(await jobsCommand(cluster, 'retry', 'x', '--all'), { code: 2, err: /not both/ })
  t.match(await jobsCommand(cluster, 'list', '--limit', '0'), { code: 2 })
  t.same(await jobsJson(cluster, 'retry', '--all'), { retried: 0 })
})
