import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { RealtimeServer } from '@earshot/realtime'
import { Server } from 'socket.io'
import { io as connectClient } from 'socket.io-client'
import t from 'tap'
import { joinFirstWrites } from '../src/realtime/first-writes.ts'

t.test('a WebSocket and its session are answered by one write', async (t) => {
  const http = createServer()
  const io = new Server(http, { allowRequest: ({ headers }, decide) => decide(null, !headers.origin) })
  t.teardown(() => io.close())
  joinFirstWrites(io as unknown as RealtimeServer)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  const ask = async (path: string, ...more: string[]) => {
    const socket = connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    const headers = ['Host: here', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
    const lines = [`GET ${path} HTTP/1.1`, ...headers, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', ...more]
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    const [first] = (await once(socket, 'data')) as [Buffer]
    return first.toString('latin1')
  }
  const path = '/socket.io/?EIO=4&transport=websocket'
  t.match(await ask(path), /^HTTP\/1\.1 101 .*\r\n\r\n.*0\{"sid":/s)
  t.match(
    await ask(path, 'Origin: http://elsewhere.example'),
    /^HTTP\/1\.1 400 .*Forbidden/s,
    'a refusal is told, too',
  )

  const client = connectClient(`http://127.0.0.1:${port}`, { transports: ['websocket'] })
  t.teardown(() => client.disconnect())
  await once(client as never, 'connect')
  const heard = once(client as never, 'hello')
  io.emit('hello', 'there')
  t.same(await heard, ['there'], 'and it works on')
})
