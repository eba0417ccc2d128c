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

/** A blob's bytes, whole or as they come. */
export type BlobContent = Uint8Array | AsyncIterable<Uint8Array>

/**
 * Where audio and files are for good. A blob is never changed: its key names one content, so that writing it twice,
 * even at once, does no harm.
 */
export interface BlobStore {
  /**
   * Resolves when the whole blob is durable. Takes from a stream only what it can write, and holds a small part of it
   * in memory. When the stream breaks off it rejects with the stream's error: there is no such blob then, and `delete`
   * removes what was written of it.
   */
  put(key: string, content: BlobContent, mimeType: string): Promise<void>
  info(key: string): Promise<BlobInfo | null>
  /** The bytes of a blob that `info` found. */
  read(key: string, range?: ByteRange): Readable
  /** Removes it, or what there is of one that was never completed; no error when there is nothing. */
  delete(key: string): Promise<void>
}
