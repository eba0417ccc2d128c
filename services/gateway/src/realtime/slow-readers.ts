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

/** The parts of Engine.IO that hold what the kernel has not taken. */
interface Connection {
  transport: WebSocketTransport
  /** What the transport is not given yet, as it is busy with what came before: of a slow reader, nearly all. */
  writeBuffer: WaitingPacket[]
}

interface WebSocketTransport {
  socket?: { bufferedAmount?: number; terminate?: () => void }
}

interface WaitingPacket {
  data?: string | Uint8Array
  options?: { wsPreEncodedFrame?: Uint8Array[] }
}

function waitingFor(socket: RealtimeSocket): { bytes: number; packets: number } {
  const { transport, writeBuffer } = connectionOf(socket)
  const given = transport.socket?.bufferedAmount ?? 0
  return {
    bytes: writeBuffer.reduce((sum, packet) => sum + bytesOf(packet), given),
    packets: writeBuffer.length,
  }
}

function bytesOf({ data, options }: WaitingPacket): number {
  const frame = options?.wsPreEncodedFrame
  return frame ? frame.reduce((sum, { length }) => sum + length, 0) : (data?.length ?? 0)
}

function terminate(socket: RealtimeSocket): void {
  const { socket: ws } = connectionOf(socket).transport
  if (ws?.terminate) ws.terminate()
  else socket.conn.close(true)
}

function connectionOf(socket: RealtimeSocket): Connection {
  return socket.conn as unknown as Connection
}
