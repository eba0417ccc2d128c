import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import type { Test } from 'tap'

/** A bare Socket.IO server whose behaviour a test scripts; closed at the end of the test. */
export async function startTestServer(t: Test, onRequest?: RequestListener) {
  const http = createServer(onRequest)
  const io = new Server(http)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  t.teardown(() => io.close())
  return { io, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` }
}
