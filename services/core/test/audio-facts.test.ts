import fc from 'fast-check'
import t from 'tap'
import { audioFacts } from '../src/voice/audio-facts.ts'
import { webmFacts } from '../src/voice/webm-facts.ts'

const unknown = Buffer.from('01ffffffffffffff', 'hex')

function element(id: string, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content)
  return Buffer.concat([
    Buffer.from(id, 'hex'),
    Buffer.from([0x40 | (body.length >> 8), body.length & 0xff]),
    body,
  ])
}

/** A block of the first track. */
function block(offsetMs: number): Buffer {
  const head = Buffer.from([0x81, 0, 0, 0x80])
  head.writeInt16BE(offsetMs, 1)
  return element('a3', head, Buffer.from('packet'))
}

function cluster(startMs: number, ...blocks: Buffer[]): Buffer {
  const start = Buffer.alloc(4)
  start.writeUInt32BE(startMs)
  return Buffer.concat([Buffer.from('1f43b675', 'hex'), unknown, element('e7', start), ...blocks])
}

/** As a browser's recorder writes it: of no length that it could know. */
function recording(...clusters: Buffer[]): Buffer {
  const head = element('1a45dfa3', element('4282', Buffer.from('webm')))
  const info = element('1549a966', element('2ad7b1', Buffer.from([0x0f, 0x42, 0x40])))
  const audio = element('e1', element('9f', Buffer.from([1])))
  const track = [
    element('d7', Buffer.from([1])),
    element('83', Buffer.from([2])),
    element('86', Buffer.from('A_OPUS')),
  ]
  const tracks = element('1654ae6b', element('ae', ...track, audio))
  return Buffer.concat([head, Buffer.from('18538067', 'hex'), unknown, info, tracks, ...clusters])
}

const whole = recording(cluster(0, block(0), block(60), block(120)), cluster(900_000, block(0), block(60)))

t.test(
  'a recording that says no length has that of its last block, and as long as the one before took',
  async (t) => {
    t.equal(webmFacts(whole).counted, 900.12)
    t.same(await audioFacts(whole, 'audio/webm'), { codec: 'opus', saysDuration: false, duration: 900.12 })
    t.equal(webmFacts(recording(cluster(500, block(0)))).counted, 0.5)
  },
)

t.test('one that broke off has the length of what is there', async (t) => {
  t.equal(webmFacts(whole.subarray(0, -8)).counted, 900.2, 'after a pause')
  t.equal(webmFacts(recording()).counted, undefined)
  t.equal(webmFacts(Buffer.alloc(0)).counted, undefined)
})

t.test('what is damaged is looked at to its end, and does no harm', async (t) => {
  const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(damage, fc.nat(whole.length), async (changes, length) => {
      const bytes = Buffer.from(whole)
      for (const [at, byte] of changes) bytes[at] = byte
      await audioFacts(bytes.subarray(0, length), 'audio/webm')
    }),
  )
  t.pass('it came back')
})
