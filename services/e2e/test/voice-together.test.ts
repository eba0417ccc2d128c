import { producerClient } from '@earshot/core/clients/redis'
import { queuePrefix } from '@earshot/core/jobs/job-queue'
import { createLogger } from '@earshot/core/observability/logger'
import { voiceQueueNames } from '@earshot/core/voice/voice-queue'
import { voiceQueues } from '@earshot/core/voice/voice-queues'
import { Queue } from 'bullmq'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { sendDoomedVoice } from '../src/dead-voice.ts'
import { jobsJson } from '../src/jobs-command.ts'
import { dataUrl, webmBytes } from '../src/speech.ts'
import { bytesOf, kept, until } from '../src/uploads.ts'

t.test('what is stored together shares a job; what fails of it fails by itself', async (t) => {
  const env = { VOICE_JOB_ATTEMPTS: '2', VOICE_JOB_BACKOFF_MS: '1' }
  const cluster = await startCluster(t, { nodes: 1, workers: 0, env })
  const { prefix } = cluster
  const ann = await cluster.connect('ann')
  const say = async (audio: Buffer) => {
    const voiceMessage = { url: dataUrl(audio), duration: 1, mimeType: 'audio/webm', size: audio.length }
    const { _id } = await ann.send('voice_message', { recipientId: 'ann', voiceMessage })
    return { _id, audio }
  }
  const good = [await say(webmBytes(1_000)), await say(webmBytes(300_000)), await say(webmBytes(2_000))]
  const doomed = await sendDoomedVoice(cluster, ann, 'ann')
  const messageIds = [...good.map(({ _id }) => _id), doomed.ack._id]

  const client = producerClient(cluster.env.REDIS_URL ?? '', 'queue')
  t.teardown(() => client.disconnect())
  await client.connect()
  const queue = new Queue(voiceQueueNames.store, { connection: client, prefix: queuePrefix(prefix) })
  const log = createLogger({ level: 'silent', role: 'test', nodeId: 'test' })
  const queues = voiceQueues(client, { prefix, attempts: 2, backoffMs: 1 }, log)
  t.teardown(() => Promise.all([queue.close(), queues.close()]))
  t.same(new Set((await queue.getWaiting()).map(({ id }) => id)), new Set(messageIds), 'said one by one')
  await queue.obliterate()

  // As messages of one commit are.
  await Promise.all(messageIds.map((messageId) => queues.store.add({ messageId, correlationId: 'c' })))
  t.equal(await queue.getWaitingCount(), 1)
  await cluster.addWorker()
  for (const { _id, audio } of good) {
    const { voiceMessage } = await ann.hears('voice_message_stored', ({ messageId }) => messageId === _id)
    t.ok(audio.equals(await bytesOf(await ann.http(voiceMessage.url))))
  }
  t.match(await ann.hears('voice_message_failed'), { messageId: doomed.ack._id })
  const dead = async () => (await jobsJson<{ jobs: object[] }>(cluster, 'list')).jobs
  await until(async () => (await dead()).length > 0)
  t.match(await dead(), [{ id: `voice/${doomed.ack._id}`, attempts: 2, reason: /WRONGTYPE/ }])
  t.match(await kept(cluster), { files: 3 })
  await doomed.heal()
  t.match(await jobsJson(cluster, 'retry', doomed.ack._id), { retried: 1 })
  await ann.hears('voice_message_stored', ({ messageId }) => messageId === doomed.ack._id)
})
