import { Decoder, Encoder, type Packet, PacketType } from 'socket.io-parser'
import t from 'tap'
import { sharedParser } from '../src/shared-decoder.ts'

const packets: Packet[] = [
  { type: PacketType.CONNECT, nsp: '/', data: { token: 'a.b.c' } },
  { type: PacketType.EVENT, nsp: '/', data: ['message', { content: 'Hello' }], id: 7 },
  {
    type: PacketType.EVENT,
    nsp: '/',
    data: ['voice', { data: Buffer.from('one'), more: Buffer.from('two') }],
    id: 8,
  },
  { type: PacketType.ACK, nsp: '/', data: [{ ok: true }], id: 9 },
  { type: PacketType.ACK, nsp: '/other', data: [Buffer.from('three')], id: 10 },
  { type: PacketType.DISCONNECT, nsp: '/' },
]

/** What a decoder makes of the parts, the errors included. */
function decodedBy(
  decoder: Pick<Decoder, 'add'> & { on: (event: 'decoded', take: (packet: Packet) => void) => void },
) {
  const found: unknown[] = []
  decoder.on('decoded', (packet) => found.push(packet))
  return {
    found,
    add(part: unknown) {
      try {
        decoder.add(part)
      } catch (error) {
        found.push((error as Error).message)
      }
    },
  }
}

const fresh = () => [decodedBy(new Decoder()), decodedBy(new sharedParser.Decoder())] as const
const partsOf = (packet: Packet) => new Encoder().encode(structuredClone(packet))

t.test("it decodes as Socket.IO's own, packets with bytes too", async (t) => {
  const [own, shared] = fresh()
  for (const packet of packets) {
    for (const part of partsOf(packet)) {
      own.add(part)
      shared.add(part)
    }
  }
  t.equal(shared.found.length, packets.length)
  t.same(shared.found, own.found)
})

t.test('and refuses what that refuses', async (t) => {
  const broken = [
    '',
    '9',
    '2{',
    '2["disconnect"]',
    '5-["x"]',
    '51-["x",{"_placeholder":true,"num":0}]',
    '2["late"]',
    '599-["x"]',
  ]
  for (const first of broken) {
    const [own, shared] = fresh()
    for (const part of [first, '2["then"]', Buffer.from('bytes')]) {
      own.add(part)
      shared.add(part)
    }
    t.same(shared.found, own.found, JSON.stringify(first))
  }
})

t.test('parts of one socket are not mistaken for those of another', async (t) => {
  const [first, second, third] = [1, 2, 3].map(() => decodedBy(new sharedParser.Decoder()))
  const packet = packets[2] as Packet
  const [head, ...bytes] = partsOf(packet)
  first?.add(head)
  second?.add(head)
  third?.add('2["between"]')
  for (const part of bytes) {
    second?.add(part)
    first?.add(part)
  }
  t.same(first?.found, second?.found)
  t.same(first?.found.length, 1)
  t.same(third?.found, [{ type: PacketType.EVENT, nsp: '/', data: ['between'] }])
})
