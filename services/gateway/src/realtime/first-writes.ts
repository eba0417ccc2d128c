import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { RealtimeServer } from '@earshot/realtime'

/**
 * The answer that lets in a WebSocket and the first packet of Engine.IO, which comes in the same turn of the event loop, go to the
 * kernel by one write. Call it when Engine.IO is attached.
 */
export function joinFirstWrites(io: RealtimeServer): void {
  let held: Socket[] = []
  io.engine.on('headers', (_headers: object, { headers, url, socket }: IncomingMessage) => {
    // Of another protocol the connection is ended at once, with what it was not told yet.
    if (headers.upgrade === undefined || !url?.includes('EIO=4')) return
    socket.cork()
    if (held.push(socket) > 1) return
    setImmediate(() => {
      const some = held
      held = []
      for (const one of some) one.uncork()
    })
  })
}
