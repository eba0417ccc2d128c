import { setTimeout as wait } from 'node:timers/promises'
import type { RealtimeServer } from '@earshot/realtime'

/**
 * Lets clients move to other nodes, spread over the time so that those are not stormed. The transport is closed, not
 * the session: clients then reconnect by themselves.
 */
export async function drainSockets(io: RealtimeServer, drainMs: number): Promise<void> {
  const sockets = [...io.sockets.sockets.values()]
  const steps = Math.min(sockets.length, 50)
  for (let step = 0; step < steps; step++) {
    for (let i = step; i < sockets.length; i += steps) sockets[i]?.conn.close()
    if (step + 1 < steps) await wait(drainMs / steps)
  }
}
