import { test } from 'tap'
import {
  decodePacket,
  encodeAck,
  encodeConnect,
  encodeDisconnect,
  encodeEvent,
  PacketError,
} from '../lib/socketio/packets.ts'
import { socketUrl } from '../lib/socketio/url.ts'

test('what a server says is understood', async (t) => {
  t.strictSame(decodePacket('0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":20000}'), {
    type: 'open',
    sid: 'a',
    pingIntervalMs: 25_000,
    pingTimeoutMs: 20_000,
  })
  t.strictSame(decodePacket('2'), { type: 'ping' })
  t.strictSame(decodePacket('1'), { type: 'close' })
  t.strictSame(decodePacket('6'), { type: 'noop' })
  t.strictSame(decodePacket('40{"sid":"b"}'), { type: 'connect', namespace: '/', sid: 'b' })
  t.strictSame(decodePacket('41'), { type: 'disconnect', namespace: '/' })
  t.strictSame(decodePacket('41/admin,'), { type: 'disconnect', namespace: '/admin' })
  t.strictSame(decodePacket('44{"message":"no","data":{"code":"UNAUTHENTICATED"}}'), {
    type: 'connect_error',
    namespace: '/',
    message: 'no',
    data: { code: 'UNAUTHENTICATED' },
  })
})

test('events and acknowledgements, with and without id and namespace', async (t) => {
  t.strictSame(decodePacket('42["said",{"a":[1]},"b"]'), {
    type: 'event',
    namespace: '/',
    name: 'said',
    args: [{ a: [1] }, 'b'],
    ackId: undefined,
  })
  t.match(decodePacket('4212["said"]'), { name: 'said', args: [], ackId: 12 })
  t.match(decodePacket('42/admin,7["said"]'), { namespace: '/admin', ackId: 7 })
  t.strictSame(decodePacket('430[{"ok":true}]'), {
    type: 'ack',
    namespace: '/',
    ackId: 0,
    args: [{ ok: true }],
  })
})

test('what is encoded is decoded again', async (t) => {
  const args = [{ text: 'ä "quoted", /with,comma 42[' }, [], null]
  for (const namespace of ['/', '/admin']) {
    for (const ackId of [undefined, 0, 10_001]) {
      const frame = encodeEvent(namespace, 'message', args, ackId)
      t.strictSame(decodePacket(frame), { type: 'event', namespace, name: 'message', args, ackId })
    }
    const ack = decodePacket(encodeAck(namespace, 3, args))
    t.strictSame(ack, { type: 'ack', namespace, ackId: 3, args })
    t.strictSame(decodePacket(encodeDisconnect(namespace)), { type: 'disconnect', namespace })
  }
  t.equal(encodeConnect('/', { token: 'x' }), '40{"token":"x"}')
  t.equal(encodeConnect('/admin', undefined), '40/admin,')
})

test('what is none of the protocol is an error that shows it', async (t) => {
  for (const frame of ['', '9', 'x', '42', '42{}', '42[]', '43[1]', '43x', '40', '4', '42[1', '451-["a"]']) {
    t.throws(() => decodePacket(frame), PacketError, frame)
  }
  t.throws(() => decodePacket(`42["${'x'.repeat(1_000)}"`), /^.{0,120}$/s, 'a long frame is cut')
})

test('the address of the WebSocket', async (t) => {
  t.equal(socketUrl('http://a:1', '/socket.io/'), 'ws://a:1/socket.io/?EIO=4&transport=websocket')
  t.equal(socketUrl('https://a/', 'chat'), 'wss://a/chat/?EIO=4&transport=websocket')
  t.equal(socketUrl('ws://a', '/'), 'ws://a/?EIO=4&transport=websocket')
})
