import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { type ErrorCode, errorTable, type Limits, type WireError } from '@earshot/protocol'
import t from 'tap'
import { type BadRequest, badRequests } from '../src/bad-input/requests.ts'
import { routesOf, urlOf } from '../src/bad-input/routes.ts'
import { limitedFields, sampleOf } from '../src/bad-input/schema.ts'
import { stored } from '../src/bad-input/stored.ts'
import { complaint } from '../src/bad-input/verdict.ts'
import { startCluster } from '../src/cluster.ts'
import type { TestClient } from '../src/test-client.ts'

const levels = 1_000

t.test('one thing wrong in a request: named, and nothing done', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  const routes = routesOf(await ann.get('/docs/openapi.json')).filter(({ method }) => method !== 'HEAD')
  const before = await stored(cluster.db)
  for (const route of routes) {
    const requests = badRequests(route, { levels })
    const found = []
    for (const request of requests) found.push(await complaintOf(ann, request))
    const complaints = found.filter((complaint) => complaint !== undefined)
    t.same(complaints, [], `${route.method} ${route.path}: ${requests.length} requests`)
  }
  t.same(await stored(cluster.db), before, 'nothing was stored')
})

t.test("over an operator's limit: TOO_LARGE, naming the field", async (t) => {
  const env = { LIMIT_GROUP_MAX_MEMBERS: '10', LIMIT_SUBSCRIBE_MAX_USERS: '20' }
  const cluster = await startCluster(t, { nodes: 1, workers: 0, env })
  const ann = await cluster.connect('ann')
  const limits = await ann.get<Limits>('/limits')
  for (const route of routesOf(await ann.get('/docs/openapi.json'))) {
    for (const { path, limit } of limitedFields(route.body ?? {})) {
      const [name = ''] = path
      const most = limits[limit as keyof Limits]
      const ids = Array.from({ length: most + 1 }, (_, n) => `id-${n}`)
      const json = { ...(sampleOf(route.body ?? {}) as object), [name]: ids }
      const response = await ann.http(urlOf(route), { method: route.method, json })
      t.match(await response.json(), { error: { code: 'TOO_LARGE', field: name } }, `${route.path} ${name}`)
    }
  }
})

t.test('forms that are none', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  const type = 'multipart/form-data; boundary=b'
  const part = '--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
  const forms: [what: string, type: string, body: string][] = [
    ['without a boundary', 'multipart/form-data', 'x'],
    ['empty', type, ''],
    ['without a part', type, 'x'],
    ['without a file', type, '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\nx\r\n--b--\r\n'],
    ['broken off in the head', type, part.slice(0, 40)],
    ['broken off in the file', type, `${part}some bytes`],
    ['with a field that is no field', type, part.replace('"file"', '"__proto__"')],
  ]
  for (const [what, type, body] of forms) {
    const response = await ann.http('/media', { method: 'POST', headers: { 'content-type': type }, body })
    t.equal(response.status, 400, what)
    t.match(await response.json(), { error: { code: 'BAD_REQUEST', message: String } }, what)
  }
  t.equal(await cluster.db.collection('media.chunks').countDocuments({}), 0)
  t.equal(await cluster.db.collection('media').countDocuments({}), 0)
})

t.test('cursors that nobody gave', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  await ann.send('message', { recipientId: 'ann', content: 'x' })
  const forged = [null, 1, [], {}, [1e300, 'x'], [1, { $ne: 1 }], ['1', 'x'], { $gt: '' }].map((cursor) =>
    Buffer.from(JSON.stringify(cursor)).toString('base64url'),
  )
  for (const before of ['x', '2024-13-45T99:99:99.000Z', ...forged]) {
    const response = await ann.http(`/chat?before=${before}`)
    t.match(await response.json(), { error: { code: 'BAD_REQUEST', field: 'before' } }, before)
  }
  const nul = Buffer.from(JSON.stringify([1, '\0'])).toString('base64url')
  t.not((await ann.http(`/chat?before=${nul}`)).status, 500, 'a NUL in a cursor')
})

t.test('what is no HTTP gets an answer in the same words', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const requests: [request: string, status: number][] = [
    ['garbage\r\n\r\n', 400],
    ['BREW /chat HTTP/1.1\r\nhost: x\r\n\r\n', 400],
    ['POST /user/login HTTP/1.1\r\nhost: x\r\ncontent-length: abc\r\n\r\n{}', 400],
    [`GET /chat HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
    [`GET /chat/${'y'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, 431],
  ]
  for (const [request, status] of requests) {
    const socket = connect(Number(new URL(cluster.url(0)).port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(request)
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
    t.ok(head.startsWith(`HTTP/1.1 ${status} `), head)
    t.match(JSON.parse(body), { error: { code: 'BAD_REQUEST', message: String } })
  }
  t.equal((await fetch(`${cluster.url(0)}/healthz`)).status, 200)
})

async function complaintOf(client: TestClient, request: BadRequest): Promise<string | undefined> {
  const response = await client.http(request.url, request.init)
  const { error } = (await response.json()) as { error?: WireError }
  const status = errorTable[error?.code as ErrorCode]?.httpStatus
  if (status !== response.status) return `${request.what}: status ${response.status} ${JSON.stringify(error)}`
  return complaint(request, error)
}
