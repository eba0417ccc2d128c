import type { IncomingMessage } from 'node:http'
import type { EventEmitter } from 'node:stream'
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

/** What is used here of Engine.IO beyond its types. */
interface Connection {
  request: object | null
  transport: EventEmitter & { name: string; socket: EventEmitter }
}

/**
 * Engine.IO makes an answer of its own of a request for a WebSocket, and has it listen to the end of the connection for as long as
 * that lasts: for middleware that measures requests, which there is none of. A socket takes two kilobytes less.
 */
export function watchRequests(io: RealtimeServer): void {
  io.engine.use(({ headers, socket }: IncomingMessage, _answer: object, next: () => void) => {
    // Called in the turn in which the answer was made: it listens once, and is the last that does.
    const last = headers.upgrade === undefined ? undefined : socket.rawListeners('close').at(-1)
    if (last && 'listener' in last) socket.removeListener('close', last as unknown as () => void)
    next()
  })
}

/**
 * For a socket that was let in. The HTTP request that it began with, its headers and the token would be held as long as the
 * socket is, and nobody looks at them again; so would be what listens for that request's sake.
 */
export function forgetRequest(socket: RealtimeSocket): void {
  const conn = socket.conn as unknown as Connection
  conn.request = null
  ;(socket as { handshake: Handshake }).handshake = forgotten
  const { transport } = conn
  if (transport.name !== 'websocket') return
  // Of long polling alone.
  transport.removeAllListeners('headers')
  // Engine.IO's transport listens to the same since it took over.
  const webSocket = transport.socket
  const first = webSocket.listeners('error')[0]
  if (first?.name === 'onUpgradeError') webSocket.removeListener('error', first as () => void)
}
