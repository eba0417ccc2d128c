import { createHash } from 'node:crypto'
import { CodedError } from '@earshot/protocol'

/** Counts and hashes what passes. */
export class Meter {
  readonly #hash = createHash('sha256')
  size = 0

  /** @throws {CodedError} `TOO_LARGE` as soon as there is more than `maxBytes` */
  async *through(source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
    for await (const bytes of source) {
      this.size += bytes.length
      if (this.size > maxBytes) throw tooLarge(maxBytes)
      this.#hash.update(bytes)
      yield bytes
    }
  }

  /** In hex. Asked once, at the end. */
  sha256(): string {
    return this.#hash.digest('hex')
  }
}

export function tooLarge(maxBytes: number): CodedError {
  return new CodedError('TOO_LARGE', `A file has ${maxBytes} bytes at most.`)
}

/** Looks at the first bytes of a source; `all` gives them again, and the rest. */
export async function peek(
  source: AsyncIterable<Uint8Array>,
  bytes: number,
): Promise<{ head: Buffer; all: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]()
  const parts: Uint8Array[] = []
  for (let length = 0; length < bytes; length += parts.at(-1)?.length ?? 0) {
    const { value, done } = await iterator.next()
    if (done) break
    parts.push(value)
  }
  const head = Buffer.concat(parts).subarray(0, bytes)
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      for (let part = parts.shift(); part; part = parts.shift()) yield part
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  }
  return { head, all: all() }
}
