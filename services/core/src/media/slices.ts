import type { BlobContent } from './blob-store.ts'

/** Cuts a content into pieces of one size, the last one excepted. Holds one piece at a time. */
export async function* slices(content: BlobContent, size: number): AsyncGenerator<Buffer> {
  const source = content instanceof Uint8Array ? [content] : content
  let parts: Uint8Array[] = []
  let length = 0
  for await (const bytes of source) {
    let rest = bytes
    while (length + rest.length >= size) {
      const fills = size - length
      yield join([...parts, rest.subarray(0, fills)])
      rest = rest.subarray(fills)
      parts = []
      length = 0
    }
    if (rest.length === 0) continue
    parts.push(rest)
    length += rest.length
  }
  if (length > 0) yield join(parts)
}

function join(parts: Uint8Array[]): Buffer {
  const [only] = parts
  if (parts.length !== 1 || !only) return Buffer.concat(parts)
  return Buffer.from(only.buffer, only.byteOffset, only.byteLength)
}
