import type { RealtimeSocket } from '@earshot/realtime'

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

/**
 * For a socket that was let in. The HTTP request that it began with, its headers and the token would be held as long as the
 * socket is, and nobody looks at them again.
 */
export function forgetRequest(socket: RealtimeSocket): void {
  const { conn } = socket as unknown as { conn: { request: unknown } }
  conn.request = null
  ;(socket as { handshake: Handshake }).handshake = forgotten
}
