import { setTimeout as wait } from 'node:timers/promises'
import type { RealtimeServer, RealtimeSocket } from '@earshot/realtime'

/** Of Engine.IO's long polling, beyond its types. */
interface PollingTransport {
  /** Milliseconds that a client between two polls has for coming to hear the end. */
  closeTimeout?: number
}

/**
 * Lets clients move to other nodes, spread over the time so that those are not stormed. The transport is closed, not
 * the session: clients then reconnect by themselves.
 */
export async function drainSockets(io: RealtimeServer, drainMs: number): Promise<void> {
  const sockets = [...io.sockets.sockets.values()]
  const steps = Math.min(sockets.length, 50)
  for (let step = 0; step < steps; step++) {
    for (let i = step; i < sockets.length; i += steps) close(sockets[i], drainMs)
    if (step + 1 < steps) await wait(drainMs / steps)
  }
}

/** One that polls and has vanished would hold up this node's leaving for 30 s. */
function close(socket: RealtimeSocket | undefined, withinMs: number): void {
  if (!socket) return
  const transport = socket.conn.transport as PollingTransport
  if (transport.closeTimeout !== undefined) transport.closeTimeout = withinMs
  socket.conn.close()
}
