import type { Logger } from '@earshot/core/observability/logger'
import type { Metrics } from '@earshot/core/observability/metrics'
import type { RealtimeServer, RealtimeSocket } from '@earshot/realtime'

export interface SlowReaderLimits {
  /** What may wait for one socket, bytes. */
  maxBytes: number
  /** What may wait for one socket, packets. */
  maxPackets: number
}

/**
 * Lets go of sockets that read slower than they are sent to: what waits for them has no limit of its own and would fill
 * the node's memory. They come back and `sync`.
 */
export class SlowReaders {
  readonly #io: RealtimeServer
  readonly #limits: SlowReaderLimits
  readonly #metrics: Metrics
  readonly #log: Logger
  #timer: NodeJS.Timeout | undefined

  constructor(deps: { io: RealtimeServer; limits: SlowReaderLimits; metrics: Metrics; log: Logger }) {
    this.#io = deps.io
    this.#limits = deps.limits
    this.#metrics = deps.metrics
    this.#log = deps.log
  }

  start(): void {
    this.#timer = setInterval(() => this.check(), 500)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  check(): void {
    for (const socket of this.#io.sockets.sockets.values()) {
      const { bytes, packets } = waitingFor(socket)
      if (bytes <= this.#limits.maxBytes && packets <= this.#limits.maxPackets) continue
      this.#metrics.slowReaders.inc()
      this.#log.info({ userId: socket.data.userId, bytes, packets }, 'a slow reader is let go')
      // Not a close frame: it would wait behind the rest.
      terminate(socket)
    }
  }
}

/** The parts of Engine.IO's WebSocket transport that hold what the kernel has not taken. */
interface WebSocketTransport {
  socket?: { bufferedAmount?: number; terminate?: () => void }
}

function waitingFor(socket: RealtimeSocket): { bytes: number; packets: number } {
  const { socket: ws } = socket.conn.transport as unknown as WebSocketTransport
  const packets = (socket.conn as unknown as { writeBuffer: unknown[] }).writeBuffer.length
  return { bytes: ws?.bufferedAmount ?? 0, packets }
}

function terminate(socket: RealtimeSocket): void {
  const { socket: ws } = socket.conn.transport as unknown as WebSocketTransport
  if (ws?.terminate) ws.terminate()
  else socket.conn.close(true)
}
