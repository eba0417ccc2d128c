import { HeadBucketCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3'
import { StoreAwayError } from '../clients/unavailable.ts'

export interface S3Options {
  bucket: string
  /** First part of every key. */
  prefix: string
  /** Unset: AWS in the region. */
  endpoint: string | undefined
  region: string
  /** Unset: found the SDK's way. */
  credentials: { accessKeyId: string; secretAccessKey: string } | undefined
  pathStyle: boolean
  /** Longest wait for an answer, or for the next byte of one. */
  timeoutMs: number
}

/** A client who reads slowly holds a connection all the while; their number is that of the clients. */
const maxSockets = 2_000

/** Tries a request three times before it fails. */
export function s3Client(options: Omit<S3Options, 'bucket' | 'prefix'>): S3Client {
  const { endpoint, region, credentials, pathStyle, timeoutMs } = options
  const agent = { keepAlive: true, maxSockets }
  return new S3Client({
    region,
    forcePathStyle: pathStyle,
    maxAttempts: 3,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    requestHandler: {
      connectionTimeout: Math.min(timeoutMs, 3_000),
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
  })
}

/**
 * Whether the bucket can be used.
 * @throws {StoreAwayError} when the server does not answer; an error that says so when the bucket is not there, or not
 * for these credentials
 */
export async function checkBucket(client: S3Client, bucket: string): Promise<void> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }))
  } catch (error) {
    const translated = translate(error)
    if (translated instanceof StoreAwayError) throw translated
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined
    const why = status === 404 ? 'it is not there' : status === 403 ? 'access is denied' : messageOf(error)
    throw new Error(`the S3 bucket ${bucket} cannot be used: ${why}`, { cause: error })
  }
}

/** What a call of S3 failed with, or that S3 is away. */
export function translate(error: unknown): unknown {
  return isAway(error) ? new StoreAwayError(`S3 is away: ${messageOf(error)}`, { cause: error }) : error
}

const throttled = new Set([
  'RequestTimeout',
  'SlowDown',
  'ServiceUnavailable',
  'ThrottlingException',
  'Throttling',
])
/** Of Node, for connections that do not come about or break. */
const networkCodes = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
])

function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof S3ServiceException) {
    const { httpStatusCode = 500 } = error.$metadata
    return httpStatusCode >= 500 || httpStatusCode === 429 || throttled.has(error.name)
  }
  if (error.name === 'TimeoutError') return true
  if ('code' in error && typeof error.code === 'string' && networkCodes.has(error.code)) return true
  return /Connection lost|aborted|socket hang up/.test(error.message)
}

export function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && (error.name === 'NoSuchKey' || error.name === 'NotFound')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error)
}
