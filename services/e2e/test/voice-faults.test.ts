import t, { type Test } from 'tap'
import { startRedis } from '../../../infra/servers/redis.ts'
import { type Cluster, startCluster } from '../src/cluster.ts'
import { Gate } from '../src/gate.ts'
import { jobsJson } from '../src/jobs-command.ts'
import { noSpeech, recording, voiceOf } from '../src/recordings.ts'
import { says, scriptedRecogniser } from '../src/scripted-recogniser.ts'
import type { ServiceProcess } from '../src/service-process.ts'
import { dataUrl, webmBytes } from '../src/speech.ts'
import type { TestClient } from '../src/test-client.ts'
import { bytesOf, kept, nothing, until } from '../src/uploads.ts'
import { Wire } from '../src/wire.ts'

/** Any failure that counts would be one too many. */
const once = { VOICE_JOB_ATTEMPTS: '1' }

async function say(client: TestClient, recipientId: string, audio: Buffer) {
  const voiceMessage = { url: dataUrl(audio), duration: 1, mimeType: 'audio/webm', size: audio.length }
  return client.send('voice_message', { recipientId, voiceMessage })
}

async function nobodyDied(t: Test, cluster: Cluster): Promise<void> {
  t.same((await jobsJson<{ jobs: unknown[] }>(cluster, 'list')).jobs, [], 'no job is dead')
}

/** A value of a process' metrics, 0 where it has none. */
async function metric({ port }: ServiceProcess, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const line = text.split('\n').find((one) => name.split(' ').every((part) => one.includes(part)))
  return Number(line?.split(' ').at(-1) ?? 0)
}

/** A worker of its own process whose way to MongoDB holds back the answer when it stores audio. */
async function slowWorker(t: Test, cluster: Cluster, env: Record<string, string> = {}) {
  const { gate, url } = await Gate.to(cluster.env.MONGODB_URI ?? '')
  t.teardown(() => gate.close())
  const worker = await cluster.addProcess('worker', { MONGODB_URI: url, ...env })
  return { worker, held: gate.hold('insert', 'media.chunks') }
}

t.test('MongoDB is away from the worker: the job waits, however few tries it has', async (t) => {
  const cluster = await startCluster(t, { workers: 0, env: once })
  const { wire, url } = await Wire.to(cluster.env.MONGODB_URI ?? '')
  t.teardown(() => wire.close())
  const worker = await cluster.addProcess('worker', { MONGODB_URI: url })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  wire.cut()
  const audio = webmBytes(300_000)
  const { _id } = await say(ann, 'bob', audio)
  await until(async () => (await metric(worker, 'earshot_voice_jobs_total result="postponed"')) > 1)
  t.ok(audio.equals(await bytesOf(await bob.http(`/media/${_id}`))), 'playable meanwhile')
  wire.mend()
  await bob.hears('voice_message_stored')
  t.match(await kept(cluster), { files: 1, chunks: 2 })
  t.same(ann.heardOf('voice_message_failed'), [])
  await nobodyDied(t, cluster)
})

t.test('Redis is killed and restarted amid jobs: no audio is lost, none stored twice', async (t) => {
  const redis = await startRedis()
  t.teardown(() => redis.stop())
  const cluster = await startCluster(t, {
    workers: 0,
    env: { ...once, VOICE_LOCK_MS: '1000' },
    redisUrl: redis.url,
  })
  const { held } = await slowWorker(t, cluster)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const audio = Array.from({ length: 6 }, () => webmBytes(100_000))
  const acks = await Promise.all(audio.map((bytes) => say(ann, 'bob', bytes)))
  await held.asked
  await redis.kill('SIGKILL')
  held.release()
  await redis.restart()
  await until(async () => (await cluster.db.collection('media.files').countDocuments()) === acks.length)
  for (const [i, { _id }] of acks.entries()) {
    await until(async () => (await bob.http(`/media/${_id}`)).status === 200)
    t.ok(audio[i]?.equals(await bytesOf(await bob.http(`/media/${_id}`))))
  }
  t.match(await kept(cluster), { files: acks.length, chunks: acks.length })
  await nobodyDied(t, cluster)
})

t.test('a worker that stands still is taken for dead, and does its job again when it goes on', async (t) => {
  const cluster = await startCluster(t, { workers: 0, env: { ...once, VOICE_LOCK_MS: '500' } })
  const { worker, held } = await slowWorker(t, cluster)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const audio = webmBytes(1_000_000)
  const { _id } = await say(ann, 'bob', audio)
  await held.asked
  worker.child.kill('SIGSTOP')
  await cluster.addWorker()
  await bob.hears('voice_message_stored')
  held.release()
  worker.child.kill('SIGCONT')
  // It has done its part when it stores the next one.
  await until(async () => (await metric(worker, 'earshot_voice_jobs_total result="stored"')) > 0)
  t.match(await kept(cluster), { files: 1, chunks: 4 }, 'one blob, whoever wrote it')
  t.ok(audio.equals(await bytesOf(await bob.http(`/media/${_id}`))))
  await nobodyDied(t, cluster)
})

t.test('deleted while a worker stands still in its job: nothing is left', async (t) => {
  const cluster = await startCluster(t, { workers: 0, env: { ...once, VOICE_LOCK_MS: '500' } })
  const { worker, held } = await slowWorker(t, cluster)
  const ann = await cluster.connect('ann', 0)
  const { _id } = await say(ann, 'ann', webmBytes(1_000_000))
  await held.asked
  await ann.send('delete_message', { messageId: _id })
  held.release()
  await until(async () => (await kept(cluster)).chunks === 0 && (await kept(cluster)).files === 0)
  await worker.kill('SIGTERM')
  t.match(await kept(cluster), { files: 0, chunks: 0 })
  await nobodyDied(t, cluster)
})

t.test('a worker leaves: the job in its hands is finished first', async (t) => {
  const cluster = await startCluster(t, { workers: 0, env: { ...once, VOICE_LOCK_MS: '600000' } })
  const { worker, held } = await slowWorker(t, cluster)
  const ann = await cluster.connect('ann', 0)
  await say(ann, 'ann', webmBytes(1_000))
  await held.asked
  const left = worker.kill('SIGTERM')
  await until(async () => (await fetch(`http://127.0.0.1:${worker.port}/readyz`)).status === 503)
  held.release()
  await ann.hears('voice_message_stored')
  await left
  t.equal(worker.child.exitCode, 0)
  t.match(await kept(cluster), { files: 1, chunks: 1 })
})

t.test('a worker that cannot finish leaves all the same, and another one takes over', async (t) => {
  const cluster = await startCluster(t, { workers: 0, env: { ...once, VOICE_LOCK_MS: '500' } })
  const { worker, held } = await slowWorker(t, cluster)
  const ann = await cluster.connect('ann', 0)
  const audio = webmBytes(1_000)
  const { _id } = await say(ann, 'ann', audio)
  await held.asked
  await worker.kill('SIGTERM')
  t.equal(worker.child.signalCode, null, 'it ended by itself')
  await cluster.addWorker()
  await ann.hears('voice_message_stored')
  t.match(await kept(cluster), { files: 1, chunks: 1 })
  t.ok(audio.equals(await bytesOf(await ann.http(`/media/${_id}`))))
  await nobodyDied(t, cluster)
})

t.test(
  'a worker is killed while it stores what it has made playable: another one makes it, once',
  { skip: noSpeech },
  async (t) => {
    // The gateway stores what was sent: so the worker's only blob is the form that every browser plays.
    const env = { ...once, VOICE_LOCK_MS: '500', VOICE_STAGE_MAX_BYTES: '1', VOICE_FFMPEG: 'ffmpeg' }
    const cluster = await startCluster(t, { workers: 0, env })
    const { worker, held } = await slowWorker(t, cluster)
    const ann = await cluster.connect('ann', 0)
    const bob = await cluster.connect('bob', 1)
    const { bytes, type } = await recording('Please call me back tomorrow.', 'live webm')
    const { _id: messageId } = await ann.send('voice_message', {
      recipientId: 'bob',
      voiceMessage: voiceOf(bytes, type, 2),
    })
    await held.asked
    await worker.kill('SIGKILL')
    held.release()
    await cluster.addWorker()
    const { voiceMessage } = await bob.hears('voice_message_stored', (of) => !!of.voiceMessage.original)
    t.equal((await bytesOf(await bob.http(voiceMessage.url))).length, voiceMessage.size)
    t.match(await kept(cluster), { files: 2, chunks: 2 }, 'what was sent, and one form of it')
    await nobodyDied(t, cluster)
    await ann.send('delete_message', { messageId })
    t.same(await kept(cluster), nothing)
  },
)

t.test('a worker is killed while a recogniser listens: another one asks again, and is heard', async (t) => {
  const asked = Promise.withResolvers<void>()
  const { url } = await scriptedRecogniser(t, () => asked.resolve(), says('in the end'))
  const cluster = await startCluster(t, {
    workers: 0,
    env: { ...once, VOICE_LOCK_MS: '500', TRANSCRIBE_URL: url },
  })
  const worker = await cluster.addProcess('worker')
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  await say(ann, 'bob', webmBytes(500))
  await asked.promise
  await worker.kill('SIGKILL')
  await cluster.addWorker()
  t.match(await bob.hears('voice_message_transcribed'), { voiceMessage: { transcript: 'in the end' } })
  await nobodyDied(t, cluster)
})
