import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  type MultipartUpload,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { StoreAwayError } from '../clients/unavailable.ts'
import type { Outage } from '../observability/outage.ts'
import {
  type BlobContent,
  BlobGoneError,
  type BlobInfo,
  type BlobStore,
  type ByteRange,
  type DirectAnswer,
  type ListedBlob,
} from './blob-store.ts'
import { isMissing, type S3Options, translate } from './s3-client.ts'
import { readThrough } from './s3-reading.ts'

export interface Presigning {
  /** Signs for the address that clients reach. */
  client: S3Client
  ttlSeconds: number
}

/** The least that S3 takes for a part but the last one; about twice that is in memory while a stream is written. */
const partBytes = 5 * 1024 * 1024

/**
 * Blobs in an S3 bucket. What is sent carries a checksum, by which the server refuses what was damaged on its way; of a
 * blob in several parts it is asked for the size, too.
 */
export class S3BlobStore implements BlobStore {
  readonly #client: S3Client
  readonly #bucket: string
  readonly #prefix: string
  readonly #timeoutMs: number
  readonly #presigning: Presigning | undefined
  readonly #outage: Outage

  constructor(deps: {
    client: S3Client
    options: Pick<S3Options, 'bucket' | 'prefix' | 'timeoutMs'>
    /** Unset: clients get the bytes from us. */
    presigning?: Presigning | undefined
    outage: Outage
  }) {
    this.#client = deps.client
    this.#bucket = deps.options.bucket
    this.#prefix = deps.options.prefix
    this.#timeoutMs = deps.options.timeoutMs
    this.#presigning = deps.presigning
    this.#outage = deps.outage
  }

  async put(key: string, content: BlobContent, mimeType: string): Promise<void> {
    const target = { ...this.#at(key), ContentType: mimeType }
    if (content instanceof Uint8Array) {
      await this.#do(() => this.#client.send(new PutObjectCommand({ ...target, Body: content })))
      return
    }
    const source = watched(content)
    // One part after another: of several at once, the others go on when one has failed.
    const params = { ...target, Body: Readable.from(source.bytes, { objectMode: false }) }
    const upload = new Upload({ client: this.#client, params, queueSize: 1, partSize: partBytes })
    await this.#do(async () => {
      try {
        await upload.done()
      } catch (error) {
        // The stream's failure is not one of S3.
        if (!source.hasFailed()) throw error
      }
    })
    if (source.hasFailed()) throw source.failure()
    if (source.size() <= partBytes) return
    const info = await this.info(key)
    if (info?.size === source.size()) return
    throw new Error(`S3 has ${info?.size ?? 'none'} of the ${source.size()} bytes that were written`)
  }

  async info(key: string): Promise<BlobInfo | null> {
    try {
      const head = await this.#do(() => this.#client.send(new HeadObjectCommand(this.#at(key))))
      return { size: head.ContentLength ?? 0, mimeType: head.ContentType ?? 'application/octet-stream' }
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  }

  read(key: string, range?: ByteRange): Readable {
    const open = (part: ByteRange | undefined) => this.#open(key, part)
    const bytes = readThrough(open, { range, timeoutMs: this.#timeoutMs })
    return Readable.from(bytes, { objectMode: false })
  }

  /** First what is being written: it would be completed else. */
  async delete(key: string): Promise<void> {
    await this.#abort(this.#prefix + key, (upload) => upload.Key === this.#prefix + key)
    await this.#do(() => this.#client.send(new DeleteObjectCommand(this.#at(key))))
  }

  async *list(): AsyncGenerator<ListedBlob> {
    const query = { Bucket: this.#bucket, Prefix: this.#prefix }
    const pages = paginateListObjectsV2({ client: this.#client }, query)[Symbol.asyncIterator]()
    for (;;) {
      const page = await this.#do(() => pages.next())
      if (page.done) return
      for (const { Key = '', Size = 0 } of page.value.Contents ?? []) {
        yield { key: Key.slice(this.#prefix.length), size: Size }
      }
    }
  }

  /** Parts of uploads that a dying node left, or could not take back while S3 was away: paid for, seen by nobody. */
  async sweep(before: Date): Promise<void> {
    await this.#abort(this.#prefix, ({ Initiated }) => Initiated !== undefined && Initiated < before)
  }

  async urlOf(key: string, { mimeType, disposition }: DirectAnswer): Promise<string | undefined> {
    if (!this.#presigning) return undefined
    const { client, ttlSeconds } = this.#presigning
    const command = new GetObjectCommand({
      ...this.#at(key),
      ResponseContentType: mimeType,
      ResponseContentDisposition: disposition,
      ResponseCacheControl: 'private, no-cache',
    })
    return getSignedUrl(client, command, { expiresIn: ttlSeconds })
  }

  async #open(key: string, range: ByteRange | undefined): Promise<{ body: Readable; size: number }> {
    const Range = range && `bytes=${range.start}-${range.end}`
    try {
      const { Body, ContentLength = 0 } = await this.#do(() =>
        this.#client.send(new GetObjectCommand({ ...this.#at(key), ...(Range !== undefined && { Range }) })),
      )
      return { body: Body as Readable, size: ContentLength }
    } catch (error) {
      throw isMissing(error) ? new BlobGoneError() : error
    }
  }

  async #abort(Prefix: string, isMeant: (upload: MultipartUpload) => boolean): Promise<void> {
    const query = { Bucket: this.#bucket, Prefix }
    let page: ListMultipartUploadsCommandOutput | undefined
    do {
      const from = page && { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
      page = await this.#do(() => this.#client.send(new ListMultipartUploadsCommand({ ...query, ...from })))
      for (const upload of page.Uploads ?? []) if (isMeant(upload)) await this.#abortOne(upload)
    } while (page.IsTruncated)
  }

  async #abortOne({ Key, UploadId }: MultipartUpload): Promise<void> {
    try {
      await this.#do(() =>
        this.#client.send(new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key, UploadId })),
      )
    } catch (error) {
      // Ended by its writer, or by another who sweeps.
      if (!(error instanceof S3ServiceException && error.name === 'NoSuchUpload')) throw error
    }
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + key }
  }

  async #do<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work()
      this.#outage.worked()
      return result
    } catch (error) {
      const translated = translate(error)
      if (translated instanceof StoreAwayError) this.#outage.failed(translated.cause)
      throw translated
    }
  }
}

/** A stream that remembers how much it gave, and what broke it off. */
function watched(content: AsyncIterable<Uint8Array>) {
  let size = 0
  let failed: { error: unknown } | undefined
  async function* bytes(): AsyncGenerator<Uint8Array> {
    const source = content[Symbol.asyncIterator]()
    try {
      for (;;) {
        const next = await source.next().catch((error: unknown) => {
          failed = { error }
          throw error
        })
        if (next.done) return
        size += next.value.length
        yield next.value
      }
    } finally {
      // Given up by who writes: nothing more is wanted.
      await source.return?.()
    }
  }
  return {
    bytes: bytes(),
    size: () => size,
    hasFailed: () => failed !== undefined,
    failure: () => failed?.error,
  }
}
