import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PackedWrites, type RealtimeSocket } from '@earshot/realtime'
import { Server } from 'socket.io'
import { io as connectClient } from 'socket.io-client'
import t from 'tap'

t.test('what follows an event for many goes to the one it is for', async (t) => {
  const http = createServer()
  const io = new Server(http, { transports: ['websocket'] })
  t.teardown(() => io.close())
  const writes = new PackedWrites()
  io.on('connection', (socket) => writes.of(socket as unknown as RealtimeSocket))
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  const join = async () => {
    const client = connectClient(`http://127.0.0.1:${port}`, { transports: ['websocket'], forceNew: true })
    t.teardown(() => client.disconnect())
    const heard: string[] = []
    client.onAny((event) => heard.push(event))
    await once(client as never, 'connect')
    return { heard, id: client.id ?? '', end: () => once(client as never, 'the end') }
  }
  const clients = [await join(), await join(), await join()]
  const [first, second, third] = clients.map(({ id }) => io.to(id))
  const ends = clients.map(({ end }) => end())

  // In one turn: the adapter gives all sockets one and the same frame, in two parts.
  io.emit('for all')
  first?.emit('for the first')
  second?.emit('for the second')
  io.emit('for all again')
  third?.emit('for the third')
  io.emit('the end')

  await Promise.all(ends)
  const [one, two, three] = clients.map(({ heard }) => heard)
  t.same(one, ['for all', 'for the first', 'for all again', 'the end'])
  t.same(two, ['for all', 'for the second', 'for all again', 'the end'])
  t.same(three, ['for all', 'for all again', 'for the third', 'the end'])
})
