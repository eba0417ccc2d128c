import type { Readable } from 'node:stream'

export interface BlobInfo {
  mimeType: string
  /** Bytes. */
  size: number
}

export interface ByteRange {
  /** First byte. */
  start: number
  /** Last byte, included. */
  end: number
}

/**
 * Where audio and files are for good. A blob is never changed: its key names one content, so that writing it twice,
 * even at once, does no harm.
 */
export interface BlobStore {
  /** Resolves when the whole blob is durable. */
  put(key: string, bytes: Buffer, mimeType: string): Promise<void>
  info(key: string): Promise<BlobInfo | null>
  /** The bytes of a blob that `info` found. */
  read(key: string, range?: ByteRange): Readable
  /** Removes it; no error when it is not there. */
  delete(key: string): Promise<void>
}
