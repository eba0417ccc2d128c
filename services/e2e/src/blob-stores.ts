import { randomBytes } from 'node:crypto'
import { ListMultipartUploadsCommand, ListPartsCommand } from '@aws-sdk/client-s3'
import type { BlobStore } from '@earshot/core/media/blob-store'
import { FallbackBlobStore } from '@earshot/core/media/fallback-blob-store'
import { GridFsBlobStore } from '@earshot/core/media/gridfs-blob-store'
import { S3BlobStore } from '@earshot/core/media/s3-blob-store'
import { s3Client } from '@earshot/core/media/s3-client'
import { createLogger } from '@earshot/core/observability/logger'
import { Outage } from '@earshot/core/observability/outage'
import { type Db, MongoClient } from 'mongodb'
import type { Test } from 'tap'
import { type Bucket, startBucket } from './s3.ts'

/** A store, and how a test looks into it from behind. */
export interface StoreUnderTest {
  store: BlobStore
  /** Bytes that are there of a blob that is being written, or will never be completed. */
  arrived(key: string): Promise<number>
  /** Bytes of what it cuts a stream into. */
  piece: number
  /** How much a write may hold in memory, bytes. */
  window: number
}

export const quiet = createLogger({ level: 'silent', role: 'test', nodeId: 'test' })

export async function startDb(t: Test): Promise<Db> {
  const client = new MongoClient(process.env.TEST_MONGODB_URI ?? '')
  const db = client.db(`t${randomBytes(6).toString('hex')}`)
  t.teardown(async () => {
    await db.dropDatabase()
    await client.close()
  })
  return db
}

export function s3Store(bucket: Bucket, endpoint = bucket.options.endpoint): S3BlobStore {
  const options = { ...bucket.options, endpoint }
  return new S3BlobStore({ client: s3Client(options), options, outage: new Outage(quiet, 'S3') })
}

const gridFsSizes = { piece: 255 * 1024, window: 4_000_000 }
const s3Sizes = { piece: 5 * 1024 * 1024, window: 12_000_000 }

/** Every store that the contract holds for, by name. */
export const storesUnderTest: Record<string, (t: Test) => Promise<StoreUnderTest>> = {
  async gridfs(t) {
    const db = await startDb(t)
    return { store: new GridFsBlobStore(db), arrived: (key) => inGridFs(db, key), ...gridFsSizes }
  },
  async s3(t) {
    const bucket = await startBucket(t)
    return { store: s3Store(bucket), arrived: (key) => inS3(bucket, key), ...s3Sizes }
  },
  async 's3, what is not moved yet in gridfs'(t) {
    const bucket = await startBucket(t)
    const store = new FallbackBlobStore(s3Store(bucket), new GridFsBlobStore(await startDb(t)))
    return { store, arrived: (key) => inS3(bucket, key), ...s3Sizes }
  },
  async 'gridfs, what is not moved yet in s3'(t) {
    const db = await startDb(t)
    const store = new FallbackBlobStore(new GridFsBlobStore(db), s3Store(await startBucket(t)))
    return { store, arrived: (key) => inGridFs(db, key), ...gridFsSizes }
  },
}

async function inGridFs(db: Db, key: string): Promise<number> {
  const chunks = await db
    .collection('media.chunks')
    .find({ files_id: key }, { projection: { _id: 1 } })
    .toArray()
  return chunks.length * 255 * 1024
}

async function inS3({ client, options }: Bucket, key: string): Promise<number> {
  const Key = options.prefix + key
  const uploads = await client.send(new ListMultipartUploadsCommand({ Bucket: options.bucket, Prefix: Key }))
  let bytes = 0
  for (const { UploadId } of uploads.Uploads ?? []) {
    const { Parts = [] } = await client.send(new ListPartsCommand({ Bucket: options.bucket, Key, UploadId }))
    for (const { Size = 0 } of Parts) bytes += Size
  }
  return bytes
}
