import type { Db } from 'mongodb'
import { StoreAwayError } from '../clients/unavailable.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Logger } from '../observability/logger.ts'
import { Outage } from '../observability/outage.ts'
import type { BlobStore } from './blob-store.ts'
import { FallbackBlobStore } from './fallback-blob-store.ts'
import { GridFsBlobStore } from './gridfs-blob-store.ts'
import type { S3Options } from './s3-client.ts'

export type BlobStoreName = LoadedConfig['BLOB_STORE']

/** The blob stores of one process. */
export interface BlobStores {
  /** For all use: writes to the store of the configuration, and finds what is in the other one. */
  blobs: BlobStore
  /** Each by itself, to move from one to the other. */
  byName: Record<'gridfs', BlobStore> & Partial<Record<'s3', BlobStore>>
  close(): void
}

/**
 * Opens the blob stores that are configured; S3's client is loaded only where it is. A server that does not answer is
 * waited for by those who use it.
 * @throws an error that names a bucket which cannot be used
 */
export async function openBlobStores(config: LoadedConfig, db: Db, log: Logger): Promise<BlobStores> {
  const gridfs = new GridFsBlobStore(db)
  if (config.S3_BUCKET === undefined) {
    return { blobs: gridfs, byName: { gridfs }, close: () => undefined }
  }
  const { s3, close } = await openS3(config, config.S3_BUCKET, log)
  const [first, other] = config.BLOB_STORE === 's3' ? [s3, gridfs] : [gridfs, s3]
  return { blobs: new FallbackBlobStore(first, other), byName: { gridfs, s3 }, close }
}

async function openS3(
  config: LoadedConfig,
  bucket: string,
  log: Logger,
): Promise<{ s3: BlobStore; close(): void }> {
  const [{ S3BlobStore }, { checkBucket, s3Client }] = await Promise.all([
    import('./s3-blob-store.ts'),
    import('./s3-client.ts'),
  ])
  const options = s3Options(config, bucket)
  const client = s3Client(options)
  const publicClient = s3Client({ ...options, endpoint: config.S3_PUBLIC_ENDPOINT ?? options.endpoint })
  const outage = new Outage(log, 'S3')
  try {
    await checkBucket(client, bucket)
  } catch (error) {
    if (!(error instanceof StoreAwayError)) throw error
    outage.failed(error.cause)
  }
  const presigning = { client: publicClient, ttlSeconds: config.S3_PRESIGNED_TTL_S }
  const s3 = new S3BlobStore({
    client,
    options,
    outage,
    ...(config.S3_READS === 'presigned' && { presigning }),
  })
  return {
    s3,
    close() {
      client.destroy()
      publicClient.destroy()
    },
  }
}

function s3Options(config: LoadedConfig, bucket: string): S3Options {
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = config
  return {
    bucket,
    prefix: config.S3_PREFIX,
    endpoint: config.S3_ENDPOINT,
    region: config.S3_REGION,
    credentials:
      accessKeyId !== undefined && secretAccessKey !== undefined
        ? { accessKeyId, secretAccessKey }
        : undefined,
    pathStyle: config.S3_PATH_STYLE,
    timeoutMs: config.S3_TIMEOUT_MS,
  }
}
