import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { BlobGoneError, type BlobStore, type ListedBlob } from '@earshot/core/media/blob-store'
import t from 'tap'
import { storesUnderTest } from '../src/blob-stores.ts'

const type = 'audio/webm;codecs=opus'

/** In pieces of a size that fits none of the stores. */
async function* streamOf(bytes: Buffer, piece = 70_001): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece)
}

const isThere = async (store: BlobStore, key: string, bytes: Buffer): Promise<boolean> =>
  bytes.equals(await buffer(store.read(key)))

async function listed(store: BlobStore): Promise<ListedBlob[]> {
  const blobs: ListedBlob[] = []
  for await (const blob of store.list()) blobs.push(blob)
  return blobs.sort((a, b) => (a.key < b.key ? -1 : 1))
}

const keysOf = async (store: BlobStore): Promise<string[]> => (await listed(store)).map(({ key }) => key)

for (const [name, start] of Object.entries(storesUnderTest)) {
  t.test(`${name}: what is written is read, byte for byte, from bytes and from a stream`, async (t) => {
    const { store, piece } = await start(t)
    for (const size of [0, 1, piece - 1, piece, piece + 1, 2 * piece, 2 * piece + 100_000]) {
      const bytes = randomBytes(size)
      await store.put(`whole-${size}`, bytes, type)
      await store.put(`stream-${size}`, streamOf(bytes), type)
      for (const key of [`whole-${size}`, `stream-${size}`]) {
        t.same(await store.info(key), { size, mimeType: type })
        t.ok(await isThere(store, key, bytes), key)
      }
    }
  })

  t.test(`${name}: ranges`, async (t) => {
    const { store, piece } = await start(t)
    const bytes = randomBytes(2 * piece + 17)
    await store.put('key', streamOf(bytes), type)
    const last = bytes.length - 1
    const ranges = [
      [0, 0],
      [last, last],
      [0, last],
      [0, piece - 1],
      [piece, piece],
      [piece - 1, piece],
      [10, 2 * piece + 5],
      [last - 1_000, last],
    ] as const
    for (const [first, end] of ranges) {
      const read = await buffer(store.read('key', { start: first, end }))
      t.ok(bytes.subarray(first, end + 1).equals(read), `${first}-${end}`)
    }
  })

  t.test(`${name}: written again, and twice at once, it is one`, async (t) => {
    const { store, piece } = await start(t)
    const bytes = randomBytes(piece + 1)
    await Promise.all([store.put('key', streamOf(bytes), type), store.put('key', streamOf(bytes), type)])
    await store.put('key', bytes, type)
    t.ok(await isThere(store, 'key', bytes))
    t.same(await keysOf(store), ['key'])
    await store.delete('key')
    t.same(await keysOf(store), [])
  })

  t.test(`${name}: what is not there`, async (t) => {
    const { store } = await start(t)
    t.equal(await store.info('none'), null)
    await t.rejects(buffer(store.read('none')), BlobGoneError)
    await t.rejects(buffer(store.read('none', { start: 0, end: 5 })), BlobGoneError)
    await store.delete('none')
    t.same(await keysOf(store), [])
  })

  t.test(`${name}: a deletion takes one blob, and not those of like names`, async (t) => {
    const { store, piece } = await start(t)
    const keys = ['a', 'a.m4a', 'ab', 'b']
    for (const key of keys) await store.put(key, streamOf(Buffer.from(key.repeat(piece / 2))), type)
    t.same(await keysOf(store), keys)
    await Promise.all([store.delete('a'), store.delete('a')])
    t.same(await keysOf(store), ['a.m4a', 'ab', 'b'])
    t.equal(await store.info('a'), null)
    await t.rejects(buffer(store.read('a')), BlobGoneError)
    t.ok(await isThere(store, 'ab', Buffer.from('ab'.repeat(piece / 2))))
  })

  t.test(`${name}: a stream that breaks off leaves no blob, and nothing after a deletion`, async (t) => {
    const { store, piece, arrived } = await start(t)
    const failure = new Error('the line went dead')
    for (const size of [1_000, 2 * piece + 1]) {
      const key = `broken-${size}`
      async function* source() {
        yield* streamOf(randomBytes(size))
        throw failure
      }
      const error = await store.put(key, source(), type).catch((error: unknown) => error)
      t.equal(error, failure)
      t.equal(await store.info(key), null)
      t.same(await keysOf(store), [])
      await store.delete(key)
      t.equal(await arrived(key), 0)
    }
  })

  t.test(`${name}: one who is deleted while it is being written leaves nothing`, async (t) => {
    const { store, piece, arrived } = await start(t)
    const halfway = Promise.withResolvers<void>()
    const deleted = Promise.withResolvers<void>()
    async function* source() {
      yield* streamOf(randomBytes(5 * piece))
      halfway.resolve()
      await deleted.promise
      throw new Error('the writer was killed')
    }
    const writing = store.put('key', source(), type)
    await halfway.promise
    t.ok((await arrived('key')) > 0)
    await store.delete('key')
    t.equal(await arrived('key'), 0)
    deleted.resolve()
    await t.rejects(writing)
    await store.delete('key')
    t.equal(await arrived('key'), 0)
    t.same(await keysOf(store), [])
  })

  t.test(`${name}: a stream is read no faster than it is written`, async (t) => {
    const { store, arrived, window } = await start(t)
    const megabyte = randomBytes(1_000_000)
    const megabytes = (3 * window) / 1_000_000
    let most = 0
    async function* source() {
      for (let i = 0; i < megabytes; i++) {
        most = Math.max(most, i * megabyte.length - (await arrived('key')))
        yield megabyte
      }
    }
    await store.put('key', source(), type)
    t.same(await store.info('key'), { size: megabytes * megabyte.length, mimeType: type })
    t.ok(most < window, `${most} bytes at most were taken and not yet stored`)
  })

  t.test(`${name}: a reader who stops early is no trouble`, async (t) => {
    const { store, piece } = await start(t)
    const bytes = randomBytes(5 * piece)
    await store.put('key', streamOf(bytes), type)
    for (let i = 0; i < 10; i++) {
      for await (const first of store.read('key')) {
        t.ok(first.length > 0)
        break
      }
    }
    t.ok(await isThere(store, 'key', bytes))
  })

  t.test(`${name}: all are listed`, async (t) => {
    const { store } = await start(t)
    const keys = Array.from({ length: 1_010 }, (_, i) => `k${String(i).padStart(4, '0')}`)
    for (let i = 0; i < keys.length; i += 20) {
      await Promise.all(keys.slice(i, i + 20).map((key) => store.put(key, Buffer.from(key), type)))
    }
    t.same(
      await listed(store),
      keys.map((key) => ({ key, size: key.length })),
    )
  })
}
