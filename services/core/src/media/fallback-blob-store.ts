import { Readable } from 'node:stream'
import {
  type BlobContent,
  BlobGoneError,
  type BlobInfo,
  type BlobStore,
  type ByteRange,
  type DirectAnswer,
  type ListedBlob,
} from './blob-store.ts'

/**
 * Two stores as one, so that blobs can be moved from the other one to the first while they are used. New ones are
 * written to the first; each is found wherever it is, also when it is moved in the middle of being read.
 *
 * A move copies first and deletes then. So whoever misses a blob in the first store and then in the other one finds it
 * in the first by now, or nowhere; and a deletion takes it from the other one first (see `blob-mover`).
 */
export class FallbackBlobStore implements BlobStore {
  readonly #first: BlobStore
  readonly #other: BlobStore

  constructor(first: BlobStore, other: BlobStore) {
    this.#first = first
    this.#other = other
  }

  async put(key: string, content: BlobContent, mimeType: string): Promise<void> {
    await this.#first.put(key, content, mimeType)
  }

  async info(key: string): Promise<BlobInfo | null> {
    return (await this.#first.info(key)) ?? (await this.#other.info(key)) ?? this.#first.info(key)
  }

  read(key: string, range?: ByteRange): Readable {
    return Readable.from(this.#bytes(key, range), { objectMode: false })
  }

  async delete(key: string): Promise<void> {
    await this.#other.delete(key)
    await this.#first.delete(key)
  }

  async *list(): AsyncGenerator<ListedBlob> {
    yield* this.#first.list()
    yield* this.#other.list()
  }

  async sweep(before: Date): Promise<void> {
    await this.#first.sweep(before)
    await this.#other.sweep(before)
  }

  /** What is not in the first store yet passes through us. */
  async urlOf(key: string, answer: DirectAnswer): Promise<string | undefined> {
    const url = await this.#first.urlOf(key, answer)
    return url !== undefined && (await this.#first.info(key)) ? url : undefined
  }

  async *#bytes(key: string, range: ByteRange | undefined): AsyncGenerator<Uint8Array> {
    let part = range
    for (const store of [this.#first, this.#other, this.#first]) {
      let read = 0
      try {
        for await (const bytes of store.read(key, part)) {
          read += bytes.length
          yield bytes
        }
        return
      } catch (error) {
        if (!(error instanceof BlobGoneError)) throw error
        if (read === 0) continue
        // Moved under our hands.
        part = await this.#rest(key, part, read)
      }
    }
    throw new BlobGoneError()
  }

  async #rest(key: string, part: ByteRange | undefined, read: number): Promise<ByteRange> {
    const end = part?.end ?? ((await this.info(key))?.size ?? 0) - 1
    const start = (part?.start ?? 0) + read
    if (start > end) throw new BlobGoneError()
    return { start, end }
  }
}
