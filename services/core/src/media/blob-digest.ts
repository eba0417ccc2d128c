import { createHash } from 'node:crypto'
import type { BlobContent, BlobStore } from './blob-store.ts'

/** A write that can be trusted: what the store gives back is what was given to it. */
export async function putVerified(
  store: BlobStore,
  key: string,
  content: BlobContent,
  mimeType: string,
): Promise<void> {
  const hash = createHash('sha256')
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const bytes of content instanceof Uint8Array ? [content] : content) {
      hash.update(bytes)
      yield bytes
    }
  }
  await store.put(key, hashed(), mimeType)
  if ((await digestOf(store, key)) === hash.digest('hex')) return
  await store.delete(key)
  throw new Error('what was written is not what is read')
}

/** SHA-256 of what the store gives, in hex. @throws {BlobGoneError} */
export async function digestOf(store: BlobStore, key: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of store.read(key)) hash.update(bytes)
  return hash.digest('hex')
}
