import type { RealtimeSocket } from './realtime-server.ts'
import { type Frame, textFrame } from './text-frame.ts'

/** What is used here of an Engine.IO connection and its WebSocket transport, beyond their types. */
interface Connection extends EngineMethods {
  readyState: string
  writeBuffer: unknown[]
  transport: Transport
}

interface EngineMethods {
  sendPacket: (type: string, data?: unknown, options?: PacketOptions, callback?: unknown) => void
  close: (discard?: boolean) => void
}

interface PacketOptions {
  /** One frame, in one part or two. */
  wsPreEncodedFrame?: Buffer[]
}

interface Transport {
  name: string
  writable: boolean
  perMessageDeflate: unknown
  socket: {
    readyState: number
    _socket: { writableLength: number; cork: () => void; uncork: () => void }
    _sender: { sendFrame: (frames: Buffer[]) => void }
  }
}

/** `WebSocket.OPEN` */
const webSocketOpen = 1
/** More is not copied together: each part goes as it is, all by one `writev`. */
const packedMaxBytes = 16_384

/**
 * What one turn of the event loop has for a WebSocket goes to the kernel by one write of one buffer: acknowledgements and
 * deliveries together. Engine.IO makes a packet of each, writes the first at once and the others when it hears that that is
 * done, and `ws` hands over each frame in two parts; writes to sockets are a fifth of what a busy gateway does. Nothing waits
 * longer than that turn, and order and contents of the frames stay as they are. All that is no simple text, long polling, and what
 * comes while the reader is behind takes Engine.IO's way.
 */
export class PackedWrites {
  /** Frames, or parts of them, in their order. */
  #due = new Map<Connection, Buffer | Buffer[]>()
  /** One of each for all connections: a socket costs memory. */
  readonly #methods: EngineMethods
  /** Engine.IO's own, of the first socket: all have the same. */
  #engine: EngineMethods | undefined

  constructor() {
    const packed = this
    this.#methods = {
      sendPacket(this: Connection, type, data, options, callback) {
        const frame = type === 'message' && !callback && isReady(this) ? frameOf(data, options) : undefined
        if (frame) {
          packed.#add(this, frame)
          return
        }
        packed.#writeNow(this)
        packed.#engine?.sendPacket.call(this, type, data, options, callback)
      },
      close(this: Connection, discard) {
        packed.#writeNow(this)
        packed.#engine?.close.call(this, discard)
      },
    }
  }

  /** From the next packet on. */
  of(socket: RealtimeSocket): void {
    const connection = socket.conn as unknown as Connection
    this.#engine ??= { sendPacket: connection.sendPacket, close: connection.close }
    Object.assign(connection, this.#methods)
  }

  #add(connection: Connection, frame: Frame): void {
    if (this.#due.size === 0) setImmediate(() => this.#writeAll())
    const before = this.#due.get(connection)
    // One in two parts may be another socket's, too: what this one gets next must not be added to that.
    if (!before) this.#due.set(connection, Array.isArray(frame) ? [...frame] : frame)
    else if (Array.isArray(before)) before.push(...[frame].flat())
    else this.#due.set(connection, [before, frame].flat())
  }

  #writeNow(connection: Connection): void {
    const frames = this.#due.get(connection)
    if (!frames) return
    this.#due.delete(connection)
    write(connection, frames)
  }

  #writeAll(): void {
    const due = this.#due
    this.#due = new Map()
    for (const [connection, frames] of due) write(connection, frames)
  }
}

/** Whether what is written now comes after all that was sent before, and goes out at once. */
function isReady({ readyState, writeBuffer, transport }: Connection): boolean {
  return (
    readyState === 'open' &&
    transport.name === 'websocket' &&
    transport.writable &&
    writeBuffer.length === 0 &&
    !transport.perMessageDeflate &&
    transport.socket.readyState === webSocketOpen &&
    transport.socket._socket.writableLength === 0
  )
}

function frameOf(data: unknown, options: PacketOptions | undefined): Frame | undefined {
  const made = options?.wsPreEncodedFrame
  if (made) return made.length === 1 ? made[0] : (made as [Buffer, Buffer])
  return typeof data === 'string' ? textFrame(data) : undefined
}

function write({ transport: { socket } }: Connection, frames: Buffer | Buffer[]): void {
  // Closed meanwhile.
  if (socket.readyState !== webSocketOpen) return
  const parts = packed(frames)
  if (parts.length > 1) socket._socket.cork()
  for (const part of parts) socket._sender.sendFrame([part])
  if (parts.length > 1) socket._socket.uncork()
}

function packed(frames: Buffer | Buffer[]): Buffer[] {
  if (!Array.isArray(frames)) return [frames]
  const bytes = frames.reduce((sum, { length }) => sum + length, 0)
  return bytes > packedMaxBytes ? frames : [Buffer.concat(frames, bytes)]
}
