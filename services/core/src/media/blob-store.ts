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

export interface ListedBlob {
  key: string
  /** Bytes. */
  size: number
}

/** How a client that is sent on to a blob shall be answered. */
export interface DirectAnswer {
  mimeType: string
  /** `Content-Disposition`. */
  disposition: string
}

/** There is no such blob, or no longer. */
export class BlobGoneError extends Error {
  override readonly name = 'BlobGoneError'

  constructor() {
    super('the blob is gone')
  }
}

/**
 * Where audio and files are for good. A blob is never changed: its key names one content, so that writing it twice,
 * even at once, does no harm. A key whose blob was deleted is not used again.
 *
 * While the store does not answer every method rejects with a `StoreAwayError`, or with what `isUnavailable` knows.
 */
export interface BlobStore {
  /**
   * Resolves when the whole blob is durable. Takes from a stream only what it can write, and holds a small part of it
   * in memory. When the stream breaks off it rejects with the stream's error: there is no such blob then, and `delete`
   * removes what was written of it.
   */
  put(key: string, content: BlobContent, mimeType: string): Promise<void>
  info(key: string): Promise<BlobInfo | null>
  /** The bytes of a blob that `info` found; fails with `BlobGoneError` when it is not there. */
  read(key: string, range?: ByteRange): Readable
  /** Removes it, or what there is of one that was never completed; no error when there is nothing. */
  delete(key: string): Promise<void>
  /** The complete blobs, in no order. What comes or goes meanwhile may be among them or not. */
  list(): AsyncIterable<ListedBlob>
  /** Removes what was begun before then and never completed, and what no `delete` of its key can be relied on for. */
  sweep(before: Date): Promise<void>
  /** Where a client can load it, for a while, without passing through us; `undefined`: nowhere. */
  urlOf(key: string, answer: DirectAnswer): Promise<string | undefined>
}
