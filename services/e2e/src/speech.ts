import { randomBytes } from 'node:crypto'

/**
 * A WebM of this size with a packet of noise in it, different each time: a recording as far as its container tells, of
 * the length that it says. Only for tests of the way that audio takes; what must be decodable is made by `speak`.
 * @param seconds what the container says
 */
export function webmBytes(size: number, seconds = 1): Buffer {
  return webm(randomBytes(size - webm(Buffer.alloc(0), seconds).length), seconds)
}

/** The same around a packet of one's own. */
export function webm(packet: Buffer, seconds = 1): Buffer {
  const duration = Buffer.alloc(8)
  duration.writeDoubleBE(seconds * 1_000)
  const head = element('1a45dfa3', element('4282', Buffer.from('webm')))
  const info = element(
    '1549a966',
    element('2ad7b1', Buffer.from([0x0f, 0x42, 0x40])),
    element('4489', duration),
  )
  const audio = element('e1', element('9f', one))
  const track = [element('d7', one), element('83', Buffer.from([2])), element('86', opus), audio]
  const tracks = element('1654ae6b', element('ae', ...track))
  const block = element('a3', Buffer.from([0x81, 0, 0, 0x80]), packet)
  return Buffer.concat([
    head,
    element('18538067', info, tracks, element('1f43b675', element('e7', zero), block)),
  ])
}

const one = Buffer.from([1])
const zero = Buffer.from([0])
const opus = Buffer.from('A_OPUS')

/** Lengths take eight bytes, whatever they are, so that a size can be asked for exactly. */
function element(id: string, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content)
  const size = Buffer.alloc(8)
  size.writeBigUInt64BE((1n << 56n) | BigInt(body.length))
  return Buffer.concat([Buffer.from(id, 'hex'), size, body])
}

export function dataUrl(bytes: Buffer, mimeType = 'audio/webm;codecs=opus'): string {
  return `data:${mimeType};base64,${bytes.toString('base64')}`
}
