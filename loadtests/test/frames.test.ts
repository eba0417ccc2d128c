import { test } from 'tap'
import { FrameReader, textFrame } from '../sabotage/frames.ts'

test('frames of every size, however the bytes are cut', async (t) => {
  const texts = [
    '',
    'a',
    'ü'.repeat(62),
    'b'.repeat(125),
    'c'.repeat(126),
    'd'.repeat(65_535),
    'e'.repeat(65_536),
  ]
  const bytes = Buffer.concat(texts.map(textFrame))
  for (const size of [1_000, 7, bytes.length]) {
    const reader = new FrameReader()
    const read: (string | undefined)[] = []
    for (let from = 0; from < bytes.length; from += size)
      read.push(...reader.read(bytes.subarray(from, from + size)).map(({ text }) => text))
    t.strictSame(read, texts, `${size} bytes at once`)
  }
})

test('what is no text passes as it is; what is not spoken here is said', async (t) => {
  const close = Buffer.from([0x88, 2, 3, 0xe8])
  t.strictSame(new FrameReader().read(close), [{ bytes: close, text: undefined }])
  t.throws(() => new FrameReader().read(Buffer.from([0xc1, 0])), /compressed/)
  t.throws(() => new FrameReader().read(Buffer.from([0x01, 0])), /part of a message/)
  t.throws(() => new FrameReader().read(Buffer.from([0x81, 0x80])), /masked/)
})
