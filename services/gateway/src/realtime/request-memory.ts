import type { RealtimeServer, RealtimeSocket } from '@earshot/realtime'

type Handshake = RealtimeSocket['handshake']

const forgotten: Handshake = {
  headers: {},
  time: '',
  address: '',
  xdomain: false,
  secure: false,
  issued: 0,
  url: '',
  query: {},
  auth: {},
}

/** What Engine.IO makes of a request for a WebSocket, and holds as long as that. */
const answers = new WeakMap<object, { req: unknown }>()

/** Has `forgetRequest` find what else holds a request: a socket takes three kilobytes less. */
export function watchRequests(io: RealtimeServer): void {
  io.engine.use((request: object, answer: { req: unknown }, next: () => void) => {
    answers.set(request, answer)
    next()
  })
}

/**
 * For a socket that was let in. The HTTP request that it began with, its headers and the token would be held as long as the
 * socket is, and nobody looks at them again.
 */
export function forgetRequest(socket: RealtimeSocket): void {
  const { conn } = socket as unknown as { conn: { request: object | null; transport: { name: string } } }
  const answer = conn.request && conn.transport.name === 'websocket' ? answers.get(conn.request) : undefined
  if (answer) answer.req = null
  conn.request = null
  ;(socket as { handshake: Handshake }).handshake = forgotten
}
