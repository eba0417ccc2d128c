import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Redis } from 'ioredis'
import type WebSocket from 'ws'
import { WebSocketServer } from 'ws'
import { required } from './env.ts'

/**
 * The floor: bytes from one socket to another, on as many nodes, by nothing but `ws` and Redis. It speaks to Socket.IO's
 * clients, but parses no message, keeps no rooms and no acknowledgements, and writes what arrives to who is named in it. What goes to
 * another node in one tick goes in one publish.
 */
const secret = required('JWT_SECRET')
const own = `relay:${required('PORT')}`
const everywhere = 'relay:all'
const publisher = new Redis(required('REDIS_URL'), { replyMapping: 'legacy' })
const subscriber = new Redis(required('REDIS_URL'), { replyMapping: 'legacy' })
await subscriber.subscribe(own, everywhere)

const here = new Map<string, WebSocket>()
/** The channel of the node that has them. */
const elsewhere = new Map<string, string>()
const outbox = new Map<string, string[]>()
const connect = '40'

const http = createServer((request, response) => {
  response.writeHead(request.url === '/readyz' ? 200 : 404).end()
})
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false, maxPayload: 8_000_000 })
sockets.on('connection', (socket) => {
  socket.send('0{"sid":"relay","upgrades":[],"pingInterval":25000,"pingTimeout":60000,"maxPayload":8000000}')
  socket.on('message', (bytes) => take(socket, String(bytes)))
})

function take(socket: WebSocket, text: string): void {
  if (text.startsWith(connect)) letIn(socket, userOf(between(text, '"token":"', '"')))
  else forward(socket, text)
}

function letIn(socket: WebSocket, userId: string | undefined): void {
  if (userId === undefined) {
    socket.close()
    return
  }
  here.set(userId, socket)
  socket.on('close', () => here.delete(userId))
  void publisher.publish(everywhere, `+${own} ${userId}`)
  socket.send(`${connect}{"sid":"relay"}`)
}

function forward(socket: WebSocket, text: string): void {
  const at = text.indexOf('[')
  const payload = text.slice(text.indexOf('{', at))
  if (text.startsWith('["group_message"', at)) toAll(`42["new_group_message",${payload}`)
  else {
    const event = text.startsWith('["voice_message"', at) ? 'new_voice_message' : 'new_message'
    toOne(between(payload, '"recipientId":"', '"'), `42["${event}",${payload}`)
  }
  socket.send(`43${text.slice(2, at)}[{"ok":true,"_id":"relay"}]`)
}

function toOne(userId: string, frame: string): void {
  const [socket, channel] = [here.get(userId), elsewhere.get(userId)]
  if (socket) socket.send(frame)
  else if (channel) publish(channel, `${userId}\n${frame}`)
}

function toAll(frame: string): void {
  sendAll(frame)
  publish(everywhere, `${own}\n${frame}`)
}

function sendAll(frame: string): void {
  const bytes = Buffer.from(frame)
  for (const socket of here.values()) socket.send(bytes, { binary: false })
}

/** All for one node in one, when the tick is over. */
function publish(channel: string, lines: string): void {
  const waiting = outbox.get(channel)
  if (waiting) {
    waiting.push(lines)
    return
  }
  const batch = [lines]
  outbox.set(channel, batch)
  setImmediate(() => {
    outbox.delete(channel)
    void publisher.publish(channel, batch.join('\n'))
  })
}

subscriber.on('message', (channel: string, text: string) => {
  if (text.startsWith('+')) {
    const [node = '', userId = ''] = text.slice(1).split(' ')
    if (node !== own) elsewhere.set(userId, node)
    return
  }
  const lines = text.split('\n')
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const [to = '', frame = ''] = [lines[i], lines[i + 1]]
    if (channel === own) here.get(to)?.send(frame)
    else if (to !== own) sendAll(frame)
  }
})

/** Whose token it is, by its signature (RFC 7519, HS256). */
function userOf(token: string): string | undefined {
  const end = token.lastIndexOf('.')
  const signature = createHmac('sha256', secret).update(token.slice(0, end)).digest('base64url')
  if (signature !== token.slice(end + 1)) return undefined
  const claims = Buffer.from(token.slice(token.indexOf('.') + 1, end), 'base64url')
  return (JSON.parse(claims.toString()) as { sub: string }).sub
}

function between(text: string, before: string, after: string): string {
  const start = text.indexOf(before) + before.length
  return text.slice(start, text.indexOf(after, start))
}

http.listen(Number(required('PORT')), process.env.HOST)
await once(http, 'listening')
await once(process, 'SIGTERM')
process.exit()
