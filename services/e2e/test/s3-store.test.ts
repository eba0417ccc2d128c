import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { AbortMultipartUploadCommand, CreateMultipartUploadCommand } from '@aws-sdk/client-s3'
import { StoreAwayError } from '@earshot/core/clients/unavailable'
import { loadConfig } from '@earshot/core/config/load'
import { BlobGoneError, type BlobStore } from '@earshot/core/media/blob-store'
import { openBlobStores } from '@earshot/core/media/blob-stores'
import { FallbackBlobStore } from '@earshot/core/media/fallback-blob-store'
import { GridFsBlobStore } from '@earshot/core/media/gridfs-blob-store'
import t, { type Test } from 'tap'
import { quiet, s3Store, startDb } from '../src/blob-stores.ts'
import { secret } from '../src/cluster.ts'
import { startBucket } from '../src/s3.ts'
import { until } from '../src/uploads.ts'
import { Wire } from '../src/wire.ts'

const type = 'audio/webm'
const part = 5 * 1024 * 1024

async function* streamOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000)
}

async function overWire(t: Test, timeoutMs = 10_000) {
  const bucket = await startBucket(t, { timeoutMs })
  const { wire, url } = await Wire.to(bucket.options.endpoint ?? '')
  t.teardown(() => wire.close())
  return { bucket, wire, url, store: s3Store(bucket, url) }
}

const everything = (store: BlobStore): (() => Promise<unknown>)[] => [
  () => store.put('small', Buffer.from('x'), type),
  () => store.put('large', streamOf(randomBytes(2 * part)), type),
  () => store.info('key'),
  () => buffer(store.read('key')),
  () => store.delete('key'),
  () => store.list()[Symbol.asyncIterator]().next(),
  () => store.sweep(new Date(0)),
]

t.test('S3 is away: every call says so, and works again when it is back', async (t) => {
  const { wire, store } = await overWire(t)
  const bytes = randomBytes(1_000)
  await store.put('key', bytes, type)
  wire.cut()
  for (const call of everything(store)) await t.rejects(call(), StoreAwayError)
  wire.mend()
  t.ok(bytes.equals(await buffer(store.read('key'))))
  for (const call of everything(store)) await call()
})

t.test('a server that takes connections and never answers: every call ends by itself', async (t) => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => sockets.add(socket.resume())).listen(0, '127.0.0.1')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server, 'listening')
  const bucket = await startBucket(t, { timeoutMs: 200 })
  const store = s3Store(bucket, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await Promise.all(everything(store).map((call) => t.rejects(call(), StoreAwayError)))
})

t.test('a line that goes dead is left for another one', async (t) => {
  const { wire, store } = await overWire(t, 300)
  const bytes = randomBytes(4 * part)
  await store.put('key', streamOf(bytes), type)
  wire.unplug()
  t.match(await store.info('key'), { size: bytes.length })
  const got: Uint8Array[] = []
  for await (const piece of store.read('key')) {
    if (got.length === 0) wire.unplug()
    got.push(piece)
  }
  t.ok(bytes.equals(Buffer.concat(got)))
})

t.test('a connection that breaks in the middle of a blob is not noticed by its reader', async (t) => {
  const { wire, store } = await overWire(t)
  const bytes = randomBytes(4 * part)
  await store.put('key', streamOf(bytes), type)
  const ranges = [undefined, { start: 1_000, end: 3 * part }]
  for (const range of ranges) {
    const got: Uint8Array[] = []
    let length = 0
    let breaks = 0
    for await (const piece of store.read('key', range)) {
      got.push(piece)
      length += piece.length
      if (length < (breaks + 1) * part || breaks === 2) continue
      breaks++
      wire.cut()
      wire.mend()
    }
    t.equal(breaks, 2)
    const wanted = range ? bytes.subarray(range.start, range.end + 1) : bytes
    t.ok(wanted.equals(Buffer.concat(got)))
  }
})

t.test('what is damaged on its way is refused, and nothing of it is kept', async (t) => {
  const bucket = await startBucket(t)
  const target = Number(new URL(bucket.options.endpoint ?? '').port)
  const sockets = new Set<Socket>()
  const server = createServer((inner) => {
    const outer = connect(target, '127.0.0.1')
    for (const socket of [inner, outer]) sockets.add(socket.on('error', () => undefined))
    inner.on('data', (bytes) => {
      const at = bytes.indexOf('the truth')
      if (at >= 0) bytes.write('the trick', at)
      outer.write(bytes)
    })
    outer.pipe(inner)
    inner.on('close', () => outer.destroy())
    outer.on('close', () => inner.destroy())
  }).listen(0, '127.0.0.1')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server, 'listening')
  const store = s3Store(bucket, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await store.put('good', Buffer.from('something else'), type)
  await t.rejects(store.put('small', Buffer.from('the truth'), type))
  const large = Buffer.concat([Buffer.alloc(part + 1, 'a'), Buffer.from('the truth'), Buffer.alloc(part)])
  await t.rejects(store.put('large', streamOf(large), type))
  t.same(await bucket.keys(), ['good'])
  t.same(await bucket.unfinished(), [])
})

t.test('what a dying writer left is swept, what is young or whole is not', async (t) => {
  const bucket = await startBucket(t)
  const store = s3Store(bucket)
  await store.put('whole', Buffer.from('x'), type)
  const object = { Bucket: bucket.options.bucket, Key: 'media/left' }
  await bucket.client.send(new CreateMultipartUploadCommand(object))
  await store.sweep(new Date(Date.now() - 3_600_000))
  t.same(await bucket.unfinished(), ['left'], 'it may still be coming in')
  await store.sweep(new Date(Date.now() + 60_000))
  t.same(await bucket.unfinished(), [])
  t.same(await bucket.keys(), ['whole'])

  const { UploadId } = await bucket.client.send(
    new CreateMultipartUploadCommand({ ...object, Key: 'of another cluster' }),
  )
  await store.sweep(new Date(Date.now() + 60_000))
  t.equal((await bucket.unfinished()).length, 1, 'outside of our prefix')
  await bucket.client.send(
    new AbortMultipartUploadCommand({ ...object, Key: 'of another cluster', UploadId }),
  )
})

t.test('a blob that is moved while it is read, and while it is looked for', async (t) => {
  const first = s3Store(await startBucket(t))
  const other = new GridFsBlobStore(await startDb(t))
  const both = new FallbackBlobStore(first, other)
  const bytes = randomBytes(2_000_000)
  for (const range of [undefined, { start: 100, end: 1_500_000 }]) {
    await other.put('key', bytes, type)
    const got: Uint8Array[] = []
    for await (const piece of both.read('key', range)) {
      if (got.length === 0) {
        await first.put('key', bytes, type)
        await other.delete('key')
      }
      got.push(piece)
    }
    const wanted = range ? bytes.subarray(range.start, range.end + 1) : bytes
    t.ok(wanted.equals(Buffer.concat(got)))
    await first.delete('key')
  }

  await other.put('key', bytes, type)
  const missed = new FallbackBlobStore(first, {
    __proto__: other,
    async info() {
      await first.put('key', bytes, type)
      await other.delete('key')
      return null
    },
  } as unknown as BlobStore)
  t.match(await missed.info('key'), { size: bytes.length })
  await both.delete('key')
  await t.rejects(buffer(both.read('key')), BlobGoneError)
})

t.test('a signed URL: good for one blob, answered as asked for, for a while', async (t) => {
  const bucket = await startBucket(t)
  const db = await startDb(t)
  const open = (env: Record<string, string>) =>
    openBlobStores(loadConfig({ JWT_SECRET: secret, ...bucket.env(), ...env }), db, quiet)
  const { blobs, byName, close } = await open({ S3_READS: 'presigned', S3_PRESIGNED_TTL_S: '2' })
  t.teardown(close)
  const bytes = randomBytes(1_000)
  await blobs.put('key', bytes, type)
  const answer = { mimeType: 'audio/ogg', disposition: 'attachment; filename="a b.ogg"' }
  const url = (await blobs.urlOf('key', answer)) ?? ''
  const whole = await fetch(url)
  t.match(Object.fromEntries(whole.headers), {
    'content-type': 'audio/ogg',
    'content-disposition': answer.disposition,
    'cache-control': 'private, no-cache',
  })
  t.ok(bytes.equals(Buffer.from(await whole.arrayBuffer())))
  t.equal((await fetch(url, { headers: { range: 'bytes=0-9' } })).status, 206)
  t.equal((await fetch(url.replace('/key?', '/kex?'))).status, 403)
  t.equal((await fetch(url, { method: 'DELETE' })).status, 403)
  await until(async () => (await fetch(url)).status === 403)

  await byName.gridfs.put('not moved yet', bytes, type)
  t.equal(await blobs.urlOf('not moved yet', answer), undefined)
  const proxied = await open({})
  t.teardown(proxied.close)
  t.equal(await proxied.blobs.urlOf('key', answer), undefined)
})

t.test(
  'a bucket that cannot be used stops the start with its name; a server that is away does not',
  async (t) => {
    const bucket = await startBucket(t)
    const db = await startDb(t)
    const open = (env: Record<string, string>) =>
      openBlobStores(loadConfig({ JWT_SECRET: secret, ...bucket.env(), ...env }), db, quiet)
    await t.rejects(open({ S3_BUCKET: 'no-such-bucket' }), {
      message: 'the S3 bucket no-such-bucket cannot be used: it is not there',
    })
    await t.rejects(open({ S3_SECRET_ACCESS_KEY: 'wrong' }), { message: /cannot be used: access is denied/ })
    const { wire, url } = await Wire.to(bucket.options.endpoint ?? '')
    t.teardown(() => wire.close())
    wire.cut()
    const { blobs, close } = await open({ S3_ENDPOINT: url })
    t.teardown(close)
    wire.mend()
    await blobs.put('key', Buffer.from('x'), type)
    t.same(await bucket.keys(), ['key'])
  },
)
