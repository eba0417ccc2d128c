import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EventEmitter } from 'node:stream'
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

t.test('nothing holds the request that a socket began with, nor the answer to it', async (t) => {
  const http = createServer()
  const io = new Server(http)
  t.teardown(() => io.close())
  watchRequests(io as unknown as RealtimeServer)
  const requests: WeakRef<IncomingMessage>[] = []
  const answers: WeakRef<object>[] = []
  io.engine.use((_request: IncomingMessage, answer: object, next: () => void) => {
    answers.push(new WeakRef(answer))
    next()
  })
  const left = Promise.withResolvers<string>()
  const listened = Promise.withResolvers<unknown[]>()
  const admitted = new Promise<void>((resolve) => {
    io.on('connection', (socket) => {
      requests.push(new WeakRef(socket.conn.request))
      forgetRequest(socket as unknown as RealtimeSocket)
      socket.on('disconnect', left.resolve)
      const transport = socket.conn.transport as unknown as EventEmitter & { socket: EventEmitter }
      listened.resolve([transport.eventNames(), transport.socket.listenerCount('error')])
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
  t.same([requests.length, requests[0]?.deref()], [1, undefined])
  t.same([answers.length, answers[0]?.deref()], [1, undefined])
  t.same(await listened.promise, [['error', 'ready', 'packet', 'drain', 'close'], 1], 'what is of use stays')
  const heard = new Promise((resolve) => client.once('hello', resolve))
  io.emit('hello', 'there')
  t.equal(await heard, 'there', 'and it works on')
  client.io.engine.close()
  t.equal(await left.promise, 'transport close', 'to its end')
})
