/**
 * WebSocket frames of text from a server, header and payload in one buffer (RFC 6455, 5.2). `ws` makes two buffers of a frame,
 * which the kernel takes by `writev`; one buffer by `write` is cheaper, and what waits for one socket can be put together.
 */

/** FIN, and the opcode of text. */
const firstByte = 0x81

/** The frame of an Engine.IO message: `4` and the text. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text) + 1
  const frame = frameFor(length)
  frame.write(text, frame.length - length + 1)
  return frame
}

/** The same of text that is at hand in UTF-8. */
export function bytesFrame(utf8: Buffer): Buffer {
  const length = utf8.length + 1
  const frame = frameFor(length)
  utf8.copy(frame, frame.length - length + 1)
  return frame
}

/** The text in a frame that was made here, in UTF-8. */
export function textBytesIn(frame: Buffer): Buffer {
  const size = frame[1] ?? 0
  return frame.subarray((size < 126 ? 2 : size === 126 ? 4 : 10) + 1)
}

/** Of this length, all but the message itself written. */
function frameFor(length: number): Buffer {
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(head + length)
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
