import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { io as connect } from 'socket.io-client'
import t from 'tap'
import { forgetFrame } from '../src/realtime/frame-memory.ts'

interface Connection {
  on: (event: 'packet', listener: () => void) => void
  transport: { socket: { _receiver: { _mask?: Uint8Array } } }
}

t.test(
  'what ws keeps of a frame that was read is let go, and the next one is read all the same',
  async (t) => {
    const http = createServer()
    const io = new Server(http)
    t.teardown(() => io.close())
    const kept: boolean[] = []
    io.engine.on('connection', (conn: Connection) => {
      const mask = () => conn.transport.socket._receiver._mask
      conn.on('packet', () => {
        kept.push(mask() !== undefined)
        forgetFrame(conn)
        kept.push(mask() !== undefined)
      })
    })
    io.on('connection', (socket) => socket.on('say', (_what, bytes: Buffer, ack) => ack(bytes.toString())))
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    const { port } = http.address() as AddressInfo
    const client = connect(`http://127.0.0.1:${port}`, { transports: ['websocket'] })
    t.teardown(() => client.disconnect())
    // More than comes from the kernel in one piece, and several frames in one.
    const long = 'x'.repeat(300_000)
    const said = await Promise.all(
      [long, 'a', 'b'].map((what) => client.emitWithAck('say', what, Buffer.from(what))),
    )
    t.same(said, [long, 'a', 'b'])
    t.ok(kept.length >= 8)
    t.ok(
      kept.every((is, i) => is === (i % 2 === 0)),
      'there each time, and then no more',
    )
  },
)
