/** WebSocket frames (RFC 6455) as a server sends them: not masked, not compressed, a message a frame. Pure. */

export interface Frame {
  /** The whole frame, to be passed on as it is. */
  bytes: Buffer
  /** Of a text frame. */
  text: string | undefined
}

const textOpcode = 1
const final = 0x80
const masked = 0x80

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  /** The frames that are complete with these bytes. @throws {Error} for what is not spoken here */
  read(bytes: Buffer): Frame[] {
    this.#rest = Buffer.concat([this.#rest, bytes])
    const frames: Frame[] = []
    for (;;) {
      const size = sizeOf(this.#rest)
      if (size === undefined || this.#rest.length < size.header + size.payload) return frames
      const end = size.header + size.payload
      const [first = 0] = this.#rest
      if (first !== (final | (first & 0x0f)))
        throw new Error('a frame that is compressed, or a part of a message')
      const frame = this.#rest.subarray(0, end)
      const isText = (first & 0x0f) === textOpcode
      frames.push({ bytes: frame, text: isText ? frame.toString('utf8', size.header) : undefined })
      this.#rest = this.#rest.subarray(end)
    }
  }
}

/** A text frame from a server. */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const { length } = payload
  if (length < 126) return Buffer.concat([Buffer.from([final | textOpcode, length]), payload])
  const header = Buffer.alloc(length < 65_536 ? 4 : 10)
  header[0] = final | textOpcode
  header[1] = length < 65_536 ? 126 : 127
  if (length < 65_536) header.writeUInt16BE(length, 2)
  else header.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([header, payload])
}

/** Undefined while the head of the frame is not complete. */
function sizeOf(bytes: Buffer): { header: number; payload: number } | undefined {
  if (bytes.length < 2) return undefined
  const [, second = 0] = bytes
  if (second & masked) throw new Error('a masked frame, from a server')
  if (second < 126) return { header: 2, payload: second }
  if (second === 126) return bytes.length < 4 ? undefined : { header: 4, payload: bytes.readUInt16BE(2) }
  return bytes.length < 10 ? undefined : { header: 10, payload: Number(bytes.readBigUInt64BE(2)) }
}
