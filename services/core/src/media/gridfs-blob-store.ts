import { Readable } from 'node:stream'
import { Binary, type Collection, type Db, MongoBulkWriteError } from 'mongodb'
import { duplicateKeyCode, isDuplicateKey } from '../clients/duplicate-key.ts'
import type { BlobInfo, BlobStore, ByteRange } from './blob-store.ts'

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
const chunksPerWrite = 16

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

  constructor(db: Db, bucket = 'media') {
    this.#files = db.collection<FileDoc>(`${bucket}.files`)
    this.#chunks = db.collection<ChunkDoc>(`${bucket}.chunks`)
  }

  async put(key: string, bytes: Buffer, mimeType: string): Promise<void> {
    const chunks: ChunkDoc[] = []
    for (let n = 0; n * chunkBytes < bytes.length; n++) {
      const data = new Binary(bytes.subarray(n * chunkBytes, (n + 1) * chunkBytes))
      chunks.push({ _id: chunkId(key, n), files_id: key, n, data })
    }
    for (let i = 0; i < chunks.length; i += chunksPerWrite)
      await this.#insert(chunks.slice(i, i + chunksPerWrite))
    // Last: a blob without it is not there.
    try {
      await this.#files.insertOne({
        _id: key,
        length: bytes.length,
        chunkSize: chunkBytes,
        uploadDate: new Date(),
        filename: key,
        metadata: { mimeType },
      })
    } catch (error) {
      if (!isDuplicateKey(error)) throw error
    }
  }

  async info(key: string): Promise<BlobInfo | null> {
    const file = await this.#files.findOne({ _id: key })
    return file && { size: file.length, mimeType: file.metadata.mimeType }
  }

  read(key: string, range?: ByteRange): Readable {
    return Readable.from(this.#bytes(key, range), { objectMode: false })
  }

  async delete(key: string): Promise<void> {
    const file = await this.#files.findOne({ _id: key }, { projection: { length: 1 } })
    await this.#files.deleteOne({ _id: key })
    for (let n = 0; n * chunkBytes < (file?.length ?? 0); n++)
      await this.#chunks.deleteOne({ _id: chunkId(key, n) })
  }

  async *#bytes(key: string, range?: ByteRange): AsyncGenerator<Buffer> {
    let at = range?.start ?? 0
    let end = range?.end
    if (end === undefined) {
      const info = await this.info(key)
      if (!info) throw new Error('the blob is gone')
      end = info.size - 1
    }
    while (at <= end) {
      const n = Math.floor(at / chunkBytes)
      const chunk = await this.#chunks.findOne({ _id: chunkId(key, n) })
      if (!chunk) throw new Error('the blob is gone')
      const first = n * chunkBytes
      const part = Buffer.from(chunk.data.buffer).subarray(at - first, Math.min(chunkBytes, end - first + 1))
      if (part.length === 0) throw new Error('the blob is shorter than its record')
      yield part
      at += part.length
    }
  }

  async #insert(chunks: ChunkDoc[]): Promise<void> {
    try {
      await this.#chunks.insertMany(chunks, { ordered: false })
    } catch (error) {
      const known =
        error instanceof MongoBulkWriteError &&
        [error.writeErrors].flat().every(({ code }) => code === duplicateKeyCode)
      if (!known) throw error
    }
  }
}

function chunkId(key: string, n: number): string {
  return `${key}:${n}`
}
