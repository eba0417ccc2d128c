/**
 * WebSocket frames of text from a server, header and payload in one buffer (RFC 6455, 5.2). `ws` makes two buffers of a frame,
 * which the kernel takes by `writev`; one buffer by `write` is cheaper, and what waits for one socket can be put together. What is long
 * and at hand in bytes is not copied for that.
 */

/** One frame: its bytes, or its beginning and its end. */
export type Frame = Buffer | [head: Buffer, rest: Buffer]

/** FIN, and the opcode of text. */
const firstByte = 0x81
/** More is not copied. What comes from Redis in one piece keeps 64 KB in memory, as long as a reader that is behind does not take it. */
const copiedMaxBytes = 32_768

/** The frame of an Engine.IO message: `4` and the text. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text) + 1
  const frame = frameFor(length)
  frame.write(text, frame.length - length + 1)
  return frame
}

/** The same of text that is at hand in UTF-8. */
export function bytesFrame(utf8: Buffer): Frame {
  const length = utf8.length + 1
  if (length > copiedMaxBytes) return [headFor(length), utf8]
  const frame = frameFor(length)
  utf8.copy(frame, frame.length - length + 1)
  return frame
}

/** The same of text with bytes in it, in base64. */
export function audioFrame(before: string, audio: Buffer, after: string): Buffer {
  const base64 = audio.toString('base64')
  const length = 1 + Buffer.byteLength(before) + base64.length + Buffer.byteLength(after)
  const frame = frameFor(length)
  let at = frame.length - length + 1
  at += frame.write(before, at)
  at += frame.write(base64, at, 'latin1')
  frame.write(after, at)
  return frame
}

/** The text in a frame that was made here, in UTF-8. */
export function textBytesIn(frame: Frame): Buffer {
  if (Array.isArray(frame)) return frame[1]
  const size = frame[1] ?? 0
  return frame.subarray((size < 126 ? 2 : size === 126 ? 4 : 10) + 1)
}

/** Of this length, all but the message itself written. */
function frameFor(length: number): Buffer {
  return headFor(length, length - 1)
}

/** The beginning of a frame of this length, up to Engine.IO's `4`. @param room bytes behind it */
function headFor(length: number, room = 0): Buffer {
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(head + 1 + room)
  frame[0] = firstByte
  if (head === 2) frame[1] = length
  else if (head === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeUInt32BE(0, 2)
    frame.writeUInt32BE(length, 6)
  }
  frame[head] = 0x34
  return frame
}
