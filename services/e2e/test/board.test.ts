import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { sendDoomedVoice } from '../src/dead-voice.ts'
import { bytesOf, until } from '../src/uploads.ts'

const password = 'a-password-for-the-board'
const basic = (given: string) => `Basic ${Buffer.from(`operator:${given}`).toString('base64')}`

interface BoardState {
  queues: { name: string; counts: { failed: number }; jobs: { id: string; failedReason: string }[] }[]
}

t.test('no board unless it has a password', async (t) => {
  const cluster = await startCluster(t, { nodes: 0 })
  const at = `http://127.0.0.1:${cluster.workers[0]?.port}`
  for (const path of ['/board', '/board/', '/board/api/queues', '/board/static/css/main.css']) {
    t.equal((await fetch(at + path)).status, 404, path)
  }
})

t.test('with the password: all queues, and what is dead can be retried and dropped', async (t) => {
  const env = { BOARD_PASSWORD: password, VOICE_JOB_ATTEMPTS: '1' }
  const cluster = await startCluster(t, { nodes: 1, workers: 0, env })
  const ann = await cluster.connect('ann')
  const { ack, audio, heal } = await sendDoomedVoice(cluster, ann, 'ann')
  const doomed = await sendDoomedVoice(cluster, ann, 'ann')
  const { port } = await cluster.addWorker()
  const board = (path: string, init: RequestInit & { headers?: Record<string, string> } = {}) =>
    fetch(`http://127.0.0.1:${port}/board${path}`, {
      ...init,
      headers: { authorization: basic(password), ...init.headers },
    })
  await ann.hears('voice_message_failed')

  const page = await board('/')
  t.equal(page.status, 200)
  const html = await page.text()
  t.match(html, /<title>/)
  const assets = [...html.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)].map(([, asset]) => asset ?? '')
  t.ok(assets.length > 0)
  for (const asset of assets) {
    t.equal((await board(`/${asset.replace(/^\/board\//, '')}`)).status, 200, asset)
  }
  t.match(
    page.headers.get('content-security-policy'),
    /default-src 'self'/,
    'nothing is fetched from elsewhere',
  )

  const state = async () =>
    (await (await board('/api/queues?activeQueue=voice&status=failed')).json()) as BoardState
  await until(async () => (await state()).queues.some(({ counts }) => counts.failed === 2))
  const { queues } = await state()
  t.strictSame(
    queues.map(({ name }) => name).sort(),
    ['notify', 'notify-push', 'notify-webhook', 'voice', 'voice-prepare', 'voice-transcribe'],
    'every queue',
  )
  const voice = queues.find(({ name }) => name === 'voice')
  t.match(voice?.jobs.find(({ id }) => id === ack._id)?.failedReason, /WRONGTYPE/)
  t.equal(JSON.stringify(queues).includes(audio.toString('base64')), false, 'no audio')

  for (const path of [
    '',
    '/',
    '/api/queues',
    '/static/css/main.css',
    '/queue/voice',
    ...assets.map((a) => `/${a}`),
  ]) {
    for (const authorization of ['', basic('not-the-password'), basic(''), `Bearer ${password}`]) {
      const { status } = await fetch(`http://127.0.0.1:${port}/board${path}`, {
        ...(authorization && { headers: { authorization } }),
      })
      t.equal(status, 401, `${path} with "${authorization.slice(0, 10)}"`)
    }
  }
  await heal()
  const retry = `/api/queues/voice/${ack._id}/retry`
  t.equal((await fetch(`http://127.0.0.1:${port}/board${retry}`, { method: 'PUT' })).status, 401)
  for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
    t.equal((await board(retry, { method: 'PUT', headers })).status, 403, 'not for the pages of others')
  }
  const own = { origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' }
  t.equal((await board(retry, { method: 'PUT', headers: own })).status, 204)
  await ann.hears('voice_message_stored')
  t.ok(audio.equals(await bytesOf(await ann.http(`/media/${ack._id}`))))
  const failed = async () => (await state()).queues.find(({ name }) => name === 'voice')?.counts.failed
  await until(async () => (await failed()) === 1)
  const drop = `/api/queues/voice/${doomed.ack._id}/clean`
  t.equal((await board(drop, { method: 'PUT', headers: { origin: 'https://evil.example' } })).status, 403)
  t.equal((await board(drop, { method: 'PUT', headers: own })).status, 204)
  t.equal(await failed(), 0, 'dropped')
  t.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200, 'the rest is as open as before')
})
