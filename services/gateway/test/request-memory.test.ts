import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { RealtimeServer, RealtimeSocket } from '@earshot/realtime'
import { Server } from 'socket.io'
import { io as connect } from 'socket.io-client'
import t from 'tap'
import { forgetRequest, watchRequests } from '../src/realtime/request-memory.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

t.test('nothing holds the request that a socket began with', async (t) => {
  const http = createServer()
  const io = new Server(http)
  t.teardown(() => io.close())
  watchRequests(io as unknown as RealtimeServer)
  const requests: WeakRef<IncomingMessage>[] = []
  const admitted = new Promise<void>((resolve) => {
    io.on('connection', (socket) => {
      requests.push(new WeakRef(socket.conn.request))
      forgetRequest(socket as unknown as RealtimeSocket)
      resolve()
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  const client = connect(`http://127.0.0.1:${port}`, { transports: ['websocket'] })
  t.teardown(() => client.disconnect())
  await admitted
  // The turn in which it came is over, and what the collector finds unused then is gone.
  for (let i = 0; i < 5; i++) {
    await turn()
    collect()
  }
  t.equal(requests.length, 1)
  t.equal(requests[0]?.deref(), undefined)
  const heard = new Promise((resolve) => client.once('hello', resolve))
  io.emit('hello', 'there')
  t.equal(await heard, 'there', 'and it works on')
})
