import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { loadStoresConfig } from '@earshot/core/config/load'
import { BlobClaims } from '@earshot/core/media/blob-claims'
import { BlobMover } from '@earshot/core/media/blob-mover'
import type { BlobContent, BlobStore } from '@earshot/core/media/blob-store'
import { FallbackBlobStore } from '@earshot/core/media/fallback-blob-store'
import { GridFsBlobStore } from '@earshot/core/media/gridfs-blob-store'
import t from 'tap'
import { runMediaCli } from '../../worker/src/cli/media-cli.ts'
import { s3Store, startDb } from '../src/blob-stores.ts'
import { type Cluster, startCluster } from '../src/cluster.ts'
import { startBucket } from '../src/s3.ts'
import { dataUrl, webmBytes } from '../src/speech.ts'
import { bytesOf, kept, opaqueBytes, until, upload } from '../src/uploads.ts'

const toS3 = ['move', '--from', 'gridfs', '--to', 's3', '--concurrency', '2']
const program = fileURLToPath(new URL('../../worker/src/cli/media-main.ts', import.meta.url))

async function run(cluster: Cluster, args: string[], env: Record<string, string> = {}) {
  const said = { out: '', err: '' }
  const terminal = {
    out(text: string) {
      said.out += text
    },
    err(text: string) {
      said.err += text
    },
  }
  const config = loadStoresConfig({ ...cluster.env, ...env })
  const code = await runMediaCli(args, config, terminal, new AbortController().signal)
  return { code, ...said }
}

t.test(
  'moved under running nodes: killed, begun again, by two at once; read and deleted meanwhile',
  async (t) => {
    const bucket = await startBucket(t)
    const cluster = await startCluster(t, { nodes: 0, env: bucket.env() })
    await cluster.addGateway({ BLOB_STORE: 'gridfs' })
    await cluster.addGateway()
    const ann = await cluster.connect('ann', 0)
    const bob = await cluster.connect('bob', 1)
    const contents = new Map<string, Buffer>()
    const messages = new Map<string, string>()
    for (let i = 0; i < 12; i++) {
      const bytes = opaqueBytes(300_000)
      const { _id, url } = await upload(ann, bytes)
      const file = { url, name: 'x', mimeType: 'x', size: 1 }
      messages.set(_id, (await ann.send('message', { recipientId: 'bob', messageType: 'file', file }))._id)
      contents.set(_id, bytes)
    }
    t.equal((await kept(cluster)).files, 12)
    const ids = [...contents.keys()]
    const allThere = async () => {
      for (const [id, bytes] of contents) {
        for (const client of [ann, bob]) {
          if (!bytes.equals(await bytesOf(await client.http(`/media/${id}`)))) return false
        }
      }
      return true
    }

    const doomed = spawn(process.execPath, [program, ...toS3], {
      env: { PATH: process.env.PATH, ...cluster.env },
      stdio: 'ignore',
    })
    await until(async () => (await bucket.keys()).length > 0)
    doomed.kill('SIGKILL')
    await once(doomed, 'exit')
    t.ok(await allThere(), 'wherever they are')
    // What the killed one held is free after its lease.
    await cluster.db.collection('blob_moves').updateMany({}, { $set: { until: new Date(0) } })
    const deleted = ids.slice(10)
    const [first, second] = await Promise.all([
      run(cluster, toS3),
      run(cluster, toS3),
      ...deleted.map((id) => ann.send('delete_message', { messageId: messages.get(id) })),
      allThere(),
    ])
    for (const id of deleted) contents.delete(id)
    t.same([first.code, second.code], [0, 0], first.err + second.err)
    t.match(first.out, /^\d+ of \d+ moved/)
    t.match(first.out, /Done: \d+ moved \(\d+\.\d MB\)\.\n$/)
    await until(async () => (await kept(cluster)).media === contents.size)
    t.match(await kept(cluster), { files: 0, chunks: 0 })
    t.same(await bucket.keys(), [...contents.keys()].sort())
    t.ok(await allThere())

    const back = await run(cluster, ['move', '--from', 's3', '--to', 'gridfs'], { BLOB_STORE: 'gridfs' })
    t.equal(back.code, 0, back.err)
    t.same(await bucket.keys(), [])
    t.ok(await allThere(), 'and back')
  },
)

t.test('a blob that is deleted at any moment of its move leaves nothing', async (t) => {
  const db = await startDb(t)
  const bucket = await startBucket(t)
  const from = new GridFsBlobStore(db)
  const to = s3Store(bucket)
  const both = new FallbackBlobStore(to, from)
  const at: Record<string, (key: string, put: () => Promise<void>) => Promise<void>> = {
    'before the copy': async (key, put) => {
      await both.delete(key)
      await put()
    },
    'after the copy': async (key, put) => {
      await put()
      await both.delete(key)
    },
    'around the copy': async (key, put) => {
      await from.delete(key)
      await put()
      await to.delete(key)
    },
  }
  for (const [name, work] of Object.entries(at)) {
    await from.put(name, opaqueBytes(600_000), 'x/y')
    const slow = Object.create(to, {
      put: {
        value: (key: string, content: BlobContent, type: string) =>
          work(key, () => to.put(key, content, type)),
      },
    }) as BlobStore
    const bound = new Proxy(slow, {
      get: (_target, property) => (property === 'put' ? slow.put : Reflect.get(to, property).bind(to)),
    })
    t.equal(await new BlobMover({ from, to: bound, claims: new BlobClaims(db) }).move(name), 'gone', name)
    t.equal(await both.info(name), null)
  }
  t.same(await bucket.keys(), [])
  t.equal(await db.collection('media.chunks').countDocuments({}), 0)
  t.equal(await db.collection('blob_moves').countDocuments({}), 0)

  await from.put('two contents', Buffer.from('a'), 'x/y')
  await to.put('two contents', Buffer.from('b'), 'x/y')
  const mover = new BlobMover({ from, to, claims: new BlobClaims(db) })
  await t.rejects(mover.move('two contents'), { name: 'BlobsDifferError' })
  t.same([await from.info('two contents'), await to.info('two contents')].filter(Boolean).length, 2)
})

t.test('one that was killed in the middle of a deletion is finished by the next', async (t) => {
  const bucket = await startBucket(t)
  const cluster = await startCluster(t, { nodes: 0, workers: 0, env: bucket.env() })
  const { db } = cluster
  const bytes = opaqueBytes(300_000)
  for (const store of [new GridFsBlobStore(db), s3Store(bucket)]) await store.put('half', bytes, 'x/y')
  await db.collection<{ _id: string }>('media.files').deleteOne({ _id: 'half' })
  const left = { _id: 'half', token: 'of the dead', until: new Date(0) }
  await db.collection<typeof left>('blob_moves').insertOne(left)

  const next = await run(cluster, toS3)
  t.equal(next.code, 0, next.err)
  t.match(await kept(cluster), { files: 0, chunks: 0 })
  t.equal(await db.collection('blob_moves').countDocuments({}), 0)
  t.same(await bucket.keys(), ['half'], 'what it had moved stays')
})

t.test('what is not understood, and what must not be done', async (t) => {
  const bucket = await startBucket(t)
  const cluster = await startCluster(t, { nodes: 0, workers: 0, env: bucket.env() })
  for (const args of [[], ['copy'], ['move'], ['move', '--from', 's3', '--to', 's3'], ['move-inline', 'x']]) {
    t.match(await run(cluster, args), { code: 2, err: /Usage: npm run media/ })
  }
  const wrongWay = await run(cluster, ['move', '--from', 's3', '--to', 'gridfs'])
  t.match(wrongWay, {
    code: 2,
    err: /^BLOB_STORE is s3: have every gateway and worker write to gridfs first/,
  })
})

t.test('voice messages are moved too, and their jobs go on', async (t) => {
  const bucket = await startBucket(t)
  const cluster = await startCluster(t, { workers: 0, env: { ...bucket.env(), BLOB_STORE: 'gridfs' } })
  await cluster.addWorker()
  const ann = await cluster.connect('ann', 0)
  const audio = webmBytes(50_000)
  const voiceMessage = { url: dataUrl(audio), duration: 1, mimeType: 'audio/webm', size: audio.length }
  const { _id } = await ann.send('voice_message', { recipientId: 'ann', voiceMessage })
  await ann.hears('voice_message_stored')
  t.equal((await run(cluster, toS3, { BLOB_STORE: 's3' })).code, 0)
  t.same(await bucket.keys(), [_id])
  t.ok(audio.equals(await bytesOf(await ann.http(`/media/${_id}`))))
})
