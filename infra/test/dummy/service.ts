/** Stands in for a gateway or worker: ready at once, echoes on WebSockets, logs like pino, ends on SIGTERM. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'

const { PORT, HOST, NODE_ID, BREAK_ON_START, REDIS_URL, MONGODB_URI, JWT_SECRET } = process.env
/** The protocol's own constant. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

const log = (level: number, msg: string, fields: object = {}) =>
  process.stdout.write(`${JSON.stringify({ level, time: Date.now(), pid: process.pid, msg, ...fields })}\n`)

if (BREAK_ON_START === NODE_ID) {
  log(60, 'BREAK_ON_START must not name me')
  process.exit(1)
}

let ready = true
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  if (pathname === '/unready') ready = false
  const status = pathname === '/readyz' && !ready ? 503 : 200
  response.writeHead(status, { 'set-cookie': 'io=session' })
  response.end(JSON.stringify({ node: NODE_ID, path: request.url, cookie: request.headers.cookie }))
})
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}${WEBSOCKET_GUID}`)
    .digest('base64')
  const head = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket']
  socket.write([...head, `Sec-WebSocket-Accept: ${accept}`, `X-Node: ${NODE_ID}`, '', ''].join('\r\n'))
  socket.pipe(socket).on('error', () => socket.destroy())
  process.once('SIGTERM', () => socket.destroy())
})
server.listen(Number(PORT), HOST, () => {
  log(30, 'listening', { port: PORT, redis: REDIS_URL, mongo: MONGODB_URI, secret: JWT_SECRET?.length })
})
process.once('SIGTERM', () => {
  log(30, 'stopping')
  server.closeAllConnections()
  server.close()
})
