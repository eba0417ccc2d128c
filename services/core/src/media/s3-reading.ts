import type { Readable } from 'node:stream'
import { isUnavailable, StoreAwayError } from '../clients/unavailable.ts'
import type { ByteRange } from './blob-store.ts'
import { translate } from './s3-client.ts'

/** Times that a read which brings nothing more is begun again. */
const maxBreaks = 3

/** Opens a part, or the whole; `size` is that of the answer. */
type Open = (part: ByteRange | undefined) => Promise<{ body: Readable; size: number }>

/**
 * The bytes of an object, across connections that break: a client who reads slowly holds one for longer than servers and
 * what lies between like. Goes on where it broke off.
 */
export async function* readThrough(
  open: Open,
  { range, timeoutMs }: { range: ByteRange | undefined; timeoutMs: number },
): AsyncGenerator<Uint8Array> {
  let part = range
  for (let breaks = 0; ; ) {
    const { body, size } = await open(part)
    part ??= { start: 0, end: size - 1 }
    let at = part.start
    try {
      for await (const bytes of promptly(body, timeoutMs)) {
        at += bytes.length
        breaks = 0
        yield bytes
      }
      return
    } catch (cause) {
      const error = translate(cause)
      if (!isUnavailable(error)) throw error
      if (at > part.end) return
      if (++breaks > maxBreaks) throw error
      part = { start: at, end: part.end }
    }
  }
}

/** Ends a body that brings no byte for so long while one is waited for; not while its reader takes its time. */
async function* promptly(body: Readable, timeoutMs: number): AsyncGenerator<Uint8Array> {
  const giveUp = () => body.destroy(new StoreAwayError('S3 sent no byte for too long'))
  let timer = setTimeout(giveUp, timeoutMs)
  try {
    for await (const bytes of body) {
      clearTimeout(timer)
      yield bytes
      timer = setTimeout(giveUp, timeoutMs)
    }
  } finally {
    clearTimeout(timer)
    body.destroy()
  }
}
