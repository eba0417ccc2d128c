import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import type { MediaRecord } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { webmBytes } from '../src/speech.ts'
import { bytesOf, kept, nothing, opaqueBytes, pngBytes, until, upload } from '../src/uploads.ts'

t.test('an upload is fetched byte for byte from another node, whole and in part', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const elsewhere = await cluster.connect('ann', 1)
  const bytes = opaqueBytes(1_500_000)
  const record = await upload(ann, bytes, { name: 'r\u00e9sum\u00e9 "final".bin' })
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  t.same(record, {
    _id: record._id,
    url: `/media/${record._id}`,
    mimeType: 'application/octet-stream',
    size: 1_500_000,
    sha256,
    name: 'r\u00e9sum\u00e9 "final".bin',
  })
  t.same(await elsewhere.get(`${record.url}/info`), record)

  const whole = await elsewhere.http(record.url)
  t.equal(whole.status, 200)
  t.match(Object.fromEntries(whole.headers), {
    'content-type': 'application/octet-stream',
    'content-length': '1500000',
    'content-disposition': `attachment; filename="r_sum_ _final_.bin"; filename*=UTF-8''r%C3%A9sum%C3%A9%20%22final%22.bin`,
    'x-content-type-options': 'nosniff',
    'accept-ranges': 'bytes',
    etag: `"${sha256}"`,
  })
  t.ok(bytes.equals(await bytesOf(whole)), 'the same bytes')

  const part = async (headers: Record<string, string>) => elsewhere.http(record.url, { headers })
  const middle = await part({ range: 'bytes=261000-600000' })
  t.equal(middle.status, 206)
  t.equal(middle.headers.get('content-range'), 'bytes 261000-600000/1500000')
  t.ok(bytes.subarray(261_000, 600_001).equals(await bytesOf(middle)), 'over several pieces')
  t.ok(bytes.subarray(-10).equals(await bytesOf(await part({ range: 'bytes=-10' }))), 'the end')
  t.equal((await part({ range: 'bytes=1500000-' })).status, 416)
  const changed = await part({ range: 'bytes=0-1', 'if-range': '"another"' })
  t.equal((await bytesOf(changed)).length, 1_500_000, 'not a part of another content')
  t.equal((await part({ 'if-none-match': `"x", W/"${sha256}"` })).status, 304)
  const head = await elsewhere.http(record.url, { method: 'HEAD' })
  t.match([head.status, head.headers.get('content-length')], [200, '1500000'])
})

t.test('type and measures are those of the content', async (t) => {
  const cluster = await startCluster(t, {
    nodes: 1,
    workers: 0,
    env: { MEDIA_DENY_TYPES: 'application/x-elf, application/x-msdownload' },
  })
  const ann = await cluster.connect('ann')
  const image = await upload(ann, pngBytes(37, 21), { name: 'page.html', type: 'text/html' })
  t.match(image, { mimeType: 'image/png', width: 37, height: 21, name: 'page.html' })
  t.match((await ann.http(image.url)).headers.get('content-disposition'), /^inline; filename="page.html"/)
  const page = await upload(ann, Buffer.from('<svg onload="alert(1)"/>'), {
    name: 'a.png',
    type: 'image/png',
  })
  t.equal(page.mimeType, 'application/octet-stream')
  t.match((await ann.http(page.url)).headers.get('content-disposition'), /^attachment/)
  const type = 'audio/webm;codecs=opus'
  t.equal((await upload(ann, webmBytes(500), { type })).mimeType, type, 'more of the same container')
  const json = await upload(ann, Buffer.from('{"a": 1'), { type: 'application/json' })
  t.equal(json.size, 7, 'not parsed')

  const before = await kept(cluster)
  const refused = await ann.http('/media', { method: 'POST', body: Buffer.from(`\x7fELF${'.'.repeat(60)}`) })
  t.equal(refused.status, 415)
  t.match(await refused.json(), { error: { code: 'UNSUPPORTED_MEDIA' } })
  const empty = await ann.http('/media', { method: 'POST', body: '' })
  t.match([empty.status, await empty.json()], [400, { error: { code: 'BAD_REQUEST' } }])
  t.equal((await fetch(`${ann.url}/media`, { method: 'POST', body: 'x' })).status, 401)
  t.same(await kept(cluster), before)
})

t.test('a form', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  const bytes = opaqueBytes(700_000)
  const form = new FormData()
  form.set('note', 'before the file')
  form.set('file', new File([bytes], '../../\u00fcber.pdf', { type: 'application/pdf' }))
  form.set('after', 'it')
  const response = await ann.http('/media', { method: 'POST', body: form })
  const record = (await response.json()) as MediaRecord
  t.match([response.status, record], [201, { name: '\u00fcber.pdf', size: 700_000 }])
  t.ok(bytes.equals(await bytesOf(await ann.http(record.url))))
  const without = new FormData()
  without.set('note', 'no file')
  const refused = await ann.http('/media', { method: 'POST', body: without })
  t.match([refused.status, await refused.json()], [400, { error: { code: 'BAD_REQUEST', field: 'file' } }])
})

t.test('too large: refused as soon as it is, with an answer, and nothing is left', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0, env: { LIMIT_FILE_MAX_BYTES: '1000000' } })
  const ann = await cluster.connect('ann')
  t.equal((await upload(ann, opaqueBytes(1_000_000))).size, 1_000_000)
  const before = await kept(cluster)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  const headers = { authorization: `Bearer ${ann.token}` }
  const post = async (body: Buffer, extra: Record<string, string>) => {
    const outgoing = request(`${ann.url}/media`, { method: 'POST', agent, headers: { ...headers, ...extra } })
    outgoing.end(body)
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    const port = outgoing.socket?.localPort
    const answer = JSON.parse(Buffer.concat(await response.toArray()).toString())
    return { status: response.statusCode, answer, port }
  }
  const tooLarge = { status: 413, answer: { error: { code: 'TOO_LARGE' } } }
  const announced = await post(opaqueBytes(5_000_000), {})
  t.match(announced, tooLarge, 'announced')
  const { port } = announced
  const streamed = await post(opaqueBytes(5_000_000), { 'transfer-encoding': 'chunked' })
  t.match(streamed, { ...tooLarge, port }, 'found out, on the same connection')
  const after = await post(opaqueBytes(10), {})
  t.match(after, { status: 201, port }, 'the connection lives on')
  t.equal((await kept(cluster)).chunks, before.chunks + 1)

  const form = new FormData()
  form.set('file', new File([opaqueBytes(1_000_001)], 'big'))
  t.equal((await ann.http('/media', { method: 'POST', body: form })).status, 413)
  t.equal((await kept(cluster)).chunks, before.chunks + 1)
})

t.test('an upload that breaks off leaves nothing; too many at once are refused', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0, env: { MEDIA_UPLOADS_PER_USER: '1' } })
  const ann = await cluster.connect('ann')
  const outgoing = request(`${ann.url}/media`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ann.token}`, 'content-length': '9000000' },
  })
  outgoing.on('error', (error) => t.match(error, { code: 'ECONNRESET' }))
  outgoing.write(opaqueBytes(3_000_000))
  await until(async () => (await kept(cluster)).chunks > 0)
  const second = await ann.http('/media', { method: 'POST', body: 'x' })
  t.match([second.status, await second.json()], [429, { error: { code: 'RATE_LIMITED' } }])
  outgoing.destroy()
  await until(async () => (await kept(cluster)).media === 0)
  t.same(await kept(cluster), nothing)
  t.ok(await upload(ann, opaqueBytes(10)), 'its place is free')
})

t.test('an upload that brings nothing for long is broken off', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0, env: { MEDIA_IDLE_MS: '300' } })
  const ann = await cluster.connect('ann')
  const outgoing = request(`${ann.url}/media`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ann.token}`, 'content-length': '9000000' },
  })
  outgoing.write(opaqueBytes(2_000_000))
  const [error] = await once(outgoing, 'error')
  t.match(error, { code: 'ECONNRESET' })
  await until(async () => (await kept(cluster)).media === 0)
  t.same(await kept(cluster), nothing)
})

t.test('a signed URL: good for its user, for its media, for a while', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const eve = await cluster.connect('eve', 0)
  const bytes = opaqueBytes(5_000)
  const record = await upload(ann, bytes)
  const other = await upload(ann, bytes)
  const signed = await ann.http(`${record.url}/sign`, { method: 'POST' })
  const { url, expiresAt } = (await signed.json()) as { url: string; expiresAt: string }
  t.ok(Date.parse(expiresAt) > Date.now())
  const load = async (path: string, init = {}) => fetch(cluster.url(1) + path, init)
  t.ok(bytes.equals(await bytesOf(await load(url))), 'without a header, on another node')
  t.equal((await load(url, { headers: { range: 'bytes=0-9' } })).status, 206)
  t.equal((await load(url.replace('user=ann', 'user=bob'))).status, 401, 'for another user')
  t.equal((await load(url.replace(record._id, other._id))).status, 401, 'for other media')
  t.equal((await load(url.replace(/expires=\d/, 'expires=9'))).status, 401, 'for longer')
  t.equal((await load(url.replace(/signature=.*/, 'signature='))).status, 401)
  t.equal((await load(url.replace(/&signature=.*/, ''))).status, 401)
  t.equal((await eve.http(`${record.url}/sign`, { method: 'POST' })).status, 404)

  const short = await startCluster(t, { nodes: 1, workers: 0, env: { MEDIA_URL_TTL_S: '1' } })
  const bob = await short.connect('bob')
  const brief = await upload(bob, bytes)
  const answer = await bob.http(`${brief.url}/sign`, { method: 'POST' })
  const { url: briefUrl } = (await answer.json()) as { url: string }
  await until(async () => (await fetch(bob.url + briefUrl)).status !== 200)
  t.match(await (await fetch(bob.url + briefUrl)).json(), {
    error: { code: 'UNAUTHENTICATED', message: 'The signed URL has expired.' },
  })
})
