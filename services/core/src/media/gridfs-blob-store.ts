import { Readable } from 'node:stream'
import { Binary, type Collection, type Db, type OptionalUnlessRequiredId } from 'mongodb'
import { duplicatesIn } from '../clients/duplicate-key.ts'
import { Gatherer } from '../gatherer.ts'
import {
  type BlobContent,
  BlobGoneError,
  type BlobInfo,
  type BlobStore,
  type ByteRange,
  type ListedBlob,
} from './blob-store.ts'
import { slices } from './slices.ts'

interface FileDoc {
  _id: string
  length: number
  chunkSize: number
  uploadDate: Date
  filename: string
  metadata: { mimeType: string }
}

interface ChunkDoc {
  _id: string
  files_id: string
  n: number
  data: Binary
}

const chunkBytes = 255 * 1024
/** Blobs that one query lists. */
const pageSize = 1_000
/** Also what one upload holds in memory, about 1 MB; twice that while the driver sends it. */
const chunksPerWrite = 4
const writeBytes = chunksPerWrite * chunkBytes

/**
 * Blobs in MongoDB, in the layout of the GridFS specification, so that every driver's GridFS reads them.
 *
 * Written here rather than by the driver's bucket for one reason: chunk ids that follow from the blob's key. A write
 * that is repeated or runs twice at once meets its own chunks, and leaves neither a second blob nor an orphan; and a
 * read finds each chunk by `_id`, which every MongoDB-wire server has an index for.
 */
export class GridFsBlobStore implements BlobStore {
  readonly #files: Collection<FileDoc>
  readonly #chunks: Collection<ChunkDoc>
  /** Of blobs that are stored at the same time, small ones mostly: some in one command. */
  readonly #newFiles = new Gatherer<FileDoc, void>((files) => insertNew(this.#files, files), undefined)
  readonly #newChunks = new Gatherer<ChunkDoc, void>((chunks) => insertNew(this.#chunks, chunks), undefined, {
    maxWeight: writeBytes,
    weightOf: ({ data }) => data.position,
  })

  constructor(db: Db, bucket = 'media') {
    this.#files = db.collection<FileDoc>(`${bucket}.files`)
    this.#chunks = db.collection<ChunkDoc>(`${bucket}.chunks`)
  }

  async put(key: string, content: BlobContent, mimeType: string): Promise<void> {
    let length = 0
    let n = 0
    let waiting: ChunkDoc[] = []
    for await (const data of slices(content, chunkBytes)) {
      waiting.push({ _id: chunkId(key, n), files_id: key, n, data: new Binary(data) })
      length += data.length
      n++
      if (waiting.length < chunksPerWrite) continue
      await this.#insert(waiting)
      waiting = []
    }
    if (waiting.length > 0) await this.#insert(waiting)
    // Last: a blob without it is not there.
    await this.#newFiles.ask({
      _id: key,
      length,
      chunkSize: chunkBytes,
      uploadDate: new Date(),
      filename: key,
      metadata: { mimeType },
    })
  }

  async info(key: string): Promise<BlobInfo | null> {
    const file = await this.#files.findOne({ _id: key })
    return file && { size: file.length, mimeType: file.metadata.mimeType }
  }

  read(key: string, range?: ByteRange): Readable {
    return Readable.from(this.#bytes(key, range), { objectMode: false })
  }

  /** From the end, so that one who dies in the middle leaves what the next one finds. */
  async delete(key: string): Promise<void> {
    const file = await this.#files.findOne({ _id: key }, { projection: { length: 1 } })
    await this.#files.deleteOne({ _id: key })
    const writes = file ? Math.ceil(file.length / chunkBytes / chunksPerWrite) : await this.#writesOf(key)
    for (let write = writes - 1; write >= 0; write--) {
      await this.#chunks.bulkWrite(
        chunkIds(key, write).map((_id) => ({ deleteOne: { filter: { _id } } })),
        { ordered: false },
      )
    }
  }

  /** By `_id`, a page at a time: no cursor has to live as long as what is done with the blobs takes. */
  async *list(): AsyncGenerator<ListedBlob> {
    for (let after = ''; ; ) {
      const page = await this.#files
        .find({ _id: { $gt: after } }, { projection: { length: 1 } })
        .sort({ _id: 1 })
        .limit(pageSize)
        .toArray()
      for (const { _id, length } of page) yield { key: _id, size: length }
      const last = page.at(-1)
      if (!last || page.length < pageSize) return
      after = last._id
    }
  }

  /** Nothing to do: chunks have ids that follow from the key, so that whoever writes or deletes it again finds them. */
  async sweep(): Promise<void> {
    return
  }

  async urlOf(): Promise<undefined> {
    return undefined
  }

  /** How many writes a blob got to that was never completed. Each look-up is by `_id`. */
  async #writesOf(key: string): Promise<number> {
    for (let write = 0; ; write++) {
      const found = await Promise.all(
        chunkIds(key, write).map((_id) => this.#chunks.findOne({ _id }, { projection: { _id: 1 } })),
      )
      if (!found.some(Boolean)) return write
    }
  }

  async *#bytes(key: string, range?: ByteRange): AsyncGenerator<Buffer> {
    let at = range?.start ?? 0
    let end = range?.end
    if (end === undefined) {
      const info = await this.info(key)
      if (!info) throw new BlobGoneError()
      end = info.size - 1
    }
    const last = Math.floor(end / chunkBytes)
    let n = Math.floor(at / chunkBytes)
    let ahead = this.#chunk(key, n)
    for (; at <= end; n++) {
      const data = await ahead
      // The next one is on its way while this one is taken.
      if (n < last) ahead = this.#chunk(key, n + 1)
      const first = n * chunkBytes
      const part = data.subarray(at - first, Math.min(chunkBytes, end - first + 1))
      if (part.length === 0) throw new Error('the blob is shorter than its record')
      yield part
      at += part.length
    }
  }

  #chunk(key: string, n: number): Promise<Buffer> {
    const chunk = this.#chunks.findOne({ _id: chunkId(key, n) }).then((found) => {
      if (!found) throw new BlobGoneError()
      return Buffer.from(found.data.buffer)
    })
    // One that nobody takes any more may fail.
    chunk.catch(() => undefined)
    return chunk
  }

  async #insert(chunks: ChunkDoc[]): Promise<void> {
    await Promise.all(chunks.map((chunk) => this.#newChunks.ask(chunk)))
  }
}

/** Those that are there already are what an earlier try wrote. */
async function insertNew<T extends FileDoc | ChunkDoc>(
  collection: Collection<T>,
  docs: T[],
): Promise<Map<T, void>> {
  try {
    await collection.insertMany(docs as OptionalUnlessRequiredId<T>[], { ordered: false })
  } catch (error) {
    duplicatesIn(error)
  }
  return new Map()
}

function chunkId(key: string, n: number): string {
  return `${key}:${n}`
}

/** The chunks of one write. */
function chunkIds(key: string, write: number): string[] {
  return Array.from({ length: chunksPerWrite }, (_, i) => chunkId(key, write * chunksPerWrite + i))
}
