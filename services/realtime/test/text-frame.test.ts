import t from 'tap'
import * as ws from 'ws'
import { audioFrame, bytesFrame, type Frame, textBytesIn, textFrame } from '../src/text-frame.ts'

/** Not in its types. */
interface FrameReceiver {
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): void
  write(bytes: Buffer): void
}
const { Receiver } = ws as unknown as { Receiver: new (options: object) => FrameReceiver }

/** What a WebSocket reads of bytes. */
function read(frame: Frame): string[] {
  const texts: string[] = []
  const receiver = new Receiver({ allowSynchronousEvents: true })
  receiver.on('message', (data: Buffer, isBinary: boolean) =>
    texts.push(isBinary ? 'binary' : data.toString()),
  )
  receiver.write(Buffer.concat([frame].flat()))
  return texts
}

t.test('frames of every kind of length are read as they were meant, one after the other too', async (t) => {
  for (const length of [0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 100_000]) {
    const text = 'é'.repeat(length / 2) + 'x'.repeat(length % 2)
    t.equal(Buffer.byteLength(text), length)
    t.same(read(textFrame(text)), [`4${text}`], `text of ${length} bytes`)
    const ofBytes = bytesFrame(Buffer.from(text))
    t.same(read(ofBytes), [`4${text}`], `bytes of ${length} bytes`)
    t.equal(textBytesIn(ofBytes).toString(), text)
  }
  const [a, b] = [textFrame('2["a",{}]'), textFrame('3😀')]
  t.same(read(Buffer.concat([a, b])), ['42["a",{}]', '43😀'])
})

t.test('a frame with audio in it is read as text with the audio in base64', async (t) => {
  for (const length of [1, 2, 3, 60, 50_000, 100_000]) {
    const audio = Buffer.alloc(length, 'a recording ÿ', 'latin1')
    const frame = audioFrame('2["é","', audio, '"] 😀')
    const text = `2["é","${audio.toString('base64')}"] 😀`
    t.same(read(frame), [`4${text}`], `audio of ${length} bytes`)
    t.equal(textBytesIn(frame).toString(), text)
  }
})
