import { randomBytes } from 'node:crypto'
import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { S3Options } from '@earshot/core/media/s3-client'
import { s3Client } from '@earshot/core/media/s3-client'
import type { Test } from 'tap'

/** A bucket of its own for one test, on a real S3 server. */
export class Bucket {
  readonly options: S3Options
  readonly client: S3Client

  constructor(options: S3Options) {
    this.options = options
    this.client = s3Client(options)
  }

  /** Settings of a cluster that keeps its blobs here. @param endpoint another way to the same server */
  env(endpoint = this.options.endpoint): Record<string, string> {
    const { bucket, credentials } = this.options
    return {
      BLOB_STORE: 's3',
      S3_BUCKET: bucket,
      S3_ENDPOINT: endpoint ?? '',
      S3_PATH_STYLE: 'true',
      S3_ACCESS_KEY_ID: credentials?.accessKeyId ?? '',
      S3_SECRET_ACCESS_KEY: credentials?.secretAccessKey ?? '',
    }
  }

  /** Keys of all blobs, sorted. */
  async keys(): Promise<string[]> {
    const { bucket: Bucket, prefix } = this.options
    const keys: string[] = []
    let ContinuationToken: string | undefined
    do {
      const page = await this.client.send(new ListObjectsV2Command({ Bucket, ContinuationToken }))
      keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key.slice(prefix.length)))
      ContinuationToken = page.NextContinuationToken
    } while (ContinuationToken)
    return keys.sort()
  }

  /** Keys that are being written in parts. */
  async unfinished(): Promise<string[]> {
    const { Uploads = [] } = await this.client.send(
      new ListMultipartUploadsCommand({ Bucket: this.options.bucket }),
    )
    return Uploads.map(({ Key = '' }) => Key.slice(this.options.prefix.length))
  }
}

/** @param extra to differ from what the server wants by default */
export async function startBucket(t: Test, extra: Partial<S3Options> = {}): Promise<Bucket> {
  const given = process.env.TEST_S3_URL
  if (!given) throw new Error('TEST_S3_URL is not set: run the tests by make test')
  const url = new URL(given)
  const bucket = new Bucket({
    bucket: `t${randomBytes(6).toString('hex')}`,
    prefix: 'media/',
    endpoint: url.origin,
    region: 'us-east-1',
    credentials: { accessKeyId: url.username, secretAccessKey: url.password },
    pathStyle: true,
    timeoutMs: 10_000,
    ...extra,
  })
  await bucket.client.send(new CreateBucketCommand({ Bucket: bucket.options.bucket }))
  t.teardown(() => bucket.client.destroy())
  return bucket
}
