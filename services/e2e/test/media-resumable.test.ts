import type { BlobStore } from '@earshot/core/media/blob-store'
import { GridFsBlobStore } from '@earshot/core/media/gridfs-blob-store'
import { ResumableUploads } from '@earshot/core/media/resumable-uploads'
import { UploadDiscarder } from '@earshot/core/media/upload-discarder'
import { UploadLocks } from '@earshot/core/media/upload-locks'
import { UploadStore } from '@earshot/core/media/upload-store'
import { createLogger } from '@earshot/core/observability/logger'
import { settled } from '@earshot/core/settled'
import type { MediaRecord } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { begin, hangingPatch, head, patch, terminate } from '../src/tus.ts'
import { bytesOf, kept, nothing, opaqueBytes, pngBytes, until } from '../src/uploads.ts'

t.setTimeout(90_000)

t.test('an upload in pieces, each on another node', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const ann1 = await cluster.connect('ann', 1)
  const bytes = Buffer.concat([pngBytes(300, 200), opaqueBytes(900_000)])
  const path = await begin(ann, bytes.length, { filename: 'caf\u00e9.png', filetype: 'image/png' })
  t.match(path, /^\/media\/uploads\/[\w-]{22}$/)
  const first = await patch(ann, path, 0, bytes.subarray(0, 400_000))
  t.match([first.status, first.headers.get('upload-offset')], [204, '400000'])
  t.ok(Date.parse(first.headers.get('upload-expires') ?? '') > Date.now())
  const asked = await head(ann1, path)
  t.match(
    ['upload-offset', 'upload-length', 'cache-control'].map((name) => asked.headers.get(name)),
    ['400000', String(bytes.length), 'no-store'],
  )
  t.match(asked.headers.get('upload-metadata'), /^filename \S+,filetype \S+$/)
  t.equal(asked.headers.get('media-id'), null, 'not complete')
  const wrong = await patch(ann, path, 300_000, bytes.subarray(300_000))
  t.match([wrong.status, await wrong.json()], [409, { error: { code: 'CONFLICT' } }])
  const last = await patch(ann1, path, 400_000, bytes.subarray(400_000))
  const mediaId = last.headers.get('media-id')
  t.match([last.status, mediaId], [204, path.split('/').at(-1)])
  t.equal((await head(ann, path)).headers.get('media-id'), mediaId, 'told again')

  const url = `/media/${mediaId}`
  t.match(await ann.get<MediaRecord>(`${url}/info`), {
    size: bytes.length,
    mimeType: 'image/png',
    width: 300,
    height: 200,
    name: 'caf\u00e9.png',
  })
  t.ok(bytes.equals(await bytesOf(await ann.http(url))))
  t.match(await kept(cluster), { media: 1, files: 1, chunks: 4 }, 'the pieces are gone')
  t.equal((await terminate(ann, path)).status, 400, 'what is finished stays')
})

t.test('a connection that breaks: what came is kept, another node goes on', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const ann1 = await cluster.connect('ann', 1)
  const bytes = opaqueBytes(3_000_000)
  const path = await begin(ann, bytes.length)
  const sending = hangingPatch(ann, path, 0, bytes.length, bytes.subarray(0, 1_200_000))
  await until(async () => (await kept(cluster)).chunks > 0)
  sending.cut()
  // Asking takes the lock, which the broken request gives back when it has stored what came.
  await until(async () => (await head(ann1, path)).headers.get('upload-offset') !== '0')
  const offset = Number((await head(ann1, path)).headers.get('upload-offset'))
  t.ok(offset >= 1_000_000 && offset <= 1_200_000, `${offset} bytes kept`)
  const last = await patch(ann1, path, offset, bytes.subarray(offset))
  t.equal(last.status, 204)
  t.ok(bytes.equals(await bytesOf(await ann.http(`/media/${last.headers.get('media-id')}`))))
})

t.test('a request on a dead line is asked to let go', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const ann1 = await cluster.connect('ann', 1)
  const bytes = opaqueBytes(2_500_000)
  const path = await begin(ann, bytes.length)
  const dead = hangingPatch(ann, path, 0, bytes.length, bytes.subarray(0, 1_200_000))
  await until(async () => (await kept(cluster)).chunks > 0)
  const asked = await head(ann1, path)
  const offset = Number(asked.headers.get('upload-offset'))
  t.ok(offset >= 1_000_000, 'what the dead line brought is kept')
  const last = await patch(ann1, path, offset, bytes.subarray(offset))
  t.equal(last.status, 204)
  t.ok(bytes.equals(await bytesOf(await ann.http(`/media/${last.headers.get('media-id')}`))))
  dead.cut()
})

t.test('two requests at once do not mix', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const ann1 = await cluster.connect('ann', 1)
  const bytes = opaqueBytes(1_300_000)
  const path = await begin(ann, bytes.length)
  const answers = await Promise.all([ann, ann1, ann].map((client) => patch(client, path, 0, bytes)))
  t.same(answers.map(({ status }) => status).sort(), [204, 409, 409])
  // On a slow machine the first one was asked to let go before it was through.
  const offset = Number((await head(ann, path)).headers.get('upload-offset'))
  if (offset < bytes.length) t.equal((await patch(ann, path, offset, bytes.subarray(offset))).status, 204)
  const { headers } = await head(ann, path)
  t.ok(bytes.equals(await bytesOf(await ann1.http(`/media/${headers.get('media-id')}`))))
  t.match(await kept(cluster), { media: 1, files: 1 })
})

t.test('a node is killed in the middle: nothing that was said to be stored is lost', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const doomed = await cluster.addProcess('gateway')
  const ann = await cluster.connect('ann')
  const there = await cluster.connectTo(doomed, 'ann')
  const bytes = opaqueBytes(3_000_000)
  const path = await begin(there, bytes.length)
  t.equal((await patch(there, path, 0, bytes.subarray(0, 500_000))).status, 204)
  const before = await kept(cluster)
  hangingPatch(there, path, 500_000, 2_500_000, bytes.subarray(500_000, 2_000_000))
  await until(async () => (await kept(cluster)).chunks > before.chunks)
  there.socket.io.reconnection(false)
  await doomed.kill('SIGKILL')
  const asked = await head(ann, path)
  t.equal(asked.headers.get('upload-offset'), '500000')
  const last = await patch(ann, path, 500_000, bytes.subarray(500_000))
  t.ok(bytes.equals(await bytesOf(await ann.http(`/media/${last.headers.get('media-id')}`))))
  t.match(await kept(cluster), { files: 1, chunks: Math.ceil(3_000_000 / 261_120) }, 'no piece is left')
})

t.test('rights, limits, and giving up', async (t) => {
  const cluster = await startCluster(t, {
    workers: 0,
    env: { LIMIT_FILE_MAX_BYTES: '1000000', MEDIA_DENY_TYPES: 'image/*' },
  })
  const ann = await cluster.connect('ann', 0)
  const eve = await cluster.connect('eve', 1)
  const path = await begin(ann, 500_000)
  const bytes = opaqueBytes(500_000)
  t.equal((await head(eve, path)).status, 404)
  const stolen = await patch(eve, path, 0, bytes)
  t.match([stolen.status, await stolen.json()], [404, { error: { code: 'NOT_FOUND' } }])
  t.equal((await terminate(eve, path)).status, 404)
  t.equal((await fetch(ann.url + path, { method: 'HEAD' })).status, 401)
  t.equal((await patch(ann, path, 0, opaqueBytes(600_000))).status, 413, 'more than was said')
  await t.rejects(begin(ann, 1_000_001), /413 .*TOO_LARGE/)
  t.equal((await patch(ann, path, 0, bytes.subarray(0, 300_000))).status, 204)
  t.equal((await terminate(ann, path)).status, 204)
  t.same(await kept(cluster), nothing)
  t.equal((await head(ann, path)).status, 404)
  const image = pngBytes(10, 10)
  const denied = await patch(ann, await begin(ann, image.length), 0, image)
  t.match([denied.status, await denied.json()], [415, { error: { code: 'UNSUPPORTED_MEDIA' } }])
  t.same(await kept(cluster), nothing)
  const options = await fetch(`${ann.url}/media/uploads`, { method: 'OPTIONS' })
  t.match([options.status, options.headers.get('tus-max-size')], [204, '1000000'])
})

t.test(
  'a piece that ends while another one takes its place is kept or refused, and its bytes with it',
  async (t) => {
    const { db } = await startCluster(t, { nodes: 0, workers: 0 })
    const log = createLogger({ level: 'silent', role: 'test', nodeId: 'test' })
    const store = new UploadStore(db)
    const locks = new UploadLocks(db, log)
    const gridfs = new GridFsBlobStore(db)
    let beforeDeletion: (() => Promise<unknown>) | undefined
    const blobs = {
      put: (...args: Parameters<BlobStore['put']>) => gridfs.put(...args),
      async delete(key: string) {
        const first = beforeDeletion
        beforeDeletion = undefined
        await first?.()
        await gridfs.delete(key)
      },
    } as BlobStore
    const uploads = new ResumableUploads({
      ...{ store, blobs, locks, ttlMs: 60_000 },
      intake: undefined as never,
      discarder: new UploadDiscarder({ store, blobs, locks }),
    })
    await uploads.create({ _id: 'u', ownerId: 'ann', length: 2, metadata: [], createdAt: new Date() })
    const end = Promise.withResolvers<void>()
    async function* slowly() {
      yield Buffer.from('a')
      await end.promise
    }
    async function* atOnce() {
      yield Buffer.from('b')
    }
    const first = settled(uploads.append('ann', 'u', 0, slowly()))
    while ((await store.byId('u'))?.writing === undefined);
    beforeDeletion = () => {
      end.resolve()
      return first
    }
    const answers = await Promise.all([settled(uploads.append('ann', 'u', 0, atOnce())), first])
    t.equal(answers.filter((answer) => 'value' in answer).length, 1)
    const parts = (await store.byId('u'))?.parts ?? []
    t.equal(parts.length, 1)
    for (const { key } of parts) t.ok(await gridfs.info(key))
    t.equal(await db.collection('media.files').countDocuments({}), 1)
  },
)
