import t from 'tap'
import * as ws from 'ws'
import { bytesFrame, textFrame } from '../src/text-frame.ts'

/** Not in its types. */
interface FrameReceiver {
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): void
  write(bytes: Buffer): void
}
const { Receiver } = ws as unknown as { Receiver: new (options: object) => FrameReceiver }

/** What a WebSocket reads of bytes. */
function read(bytes: Buffer): string[] {
  const texts: string[] = []
  const receiver = new Receiver({ allowSynchronousEvents: true })
  receiver.on('message', (data: Buffer, isBinary: boolean) =>
    texts.push(isBinary ? 'binary' : data.toString()),
  )
  receiver.write(bytes)
  return texts
}

t.test('frames of every kind of length are read as they were meant, one after the other too', async (t) => {
  for (const length of [0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 100_000]) {
    const text = 'é'.repeat(length / 2) + 'x'.repeat(length % 2)
    t.equal(Buffer.byteLength(text), length)
    t.same(read(textFrame(text)), [`4${text}`], `text of ${length} bytes`)
    t.same(read(bytesFrame(Buffer.from(text))), [`4${text}`], `bytes of ${length} bytes`)
  }
  const [a, b] = [textFrame('2["a",{}]'), textFrame('3😀')]
  t.same(read(Buffer.concat([a, b])), ['42["a",{}]', '43😀'])
})
