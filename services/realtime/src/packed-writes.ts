import type { RealtimeSocket } from './realtime-server.ts'
import { textFrame } from './text-frame.ts'

/** What is used here of an Engine.IO connection and its WebSocket transport, beyond their types. */
interface Connection {
  writeBuffer: Packet[]
  transport: Transport
  flush: () => void
  once(event: 'upgrade', listener: (transport: Transport) => void): void
}

interface Transport {
  name: string
  writable: boolean
  send: (packets: Packet[]) => void
  perMessageDeflate: unknown
  socket: { _sender: { sendFrame: (frames: Buffer[], done: (error?: Error) => void) => void } }
  _onSentLast: (error?: Error) => void
}

interface Packet {
  type: string
  data?: unknown
  options?: { wsPreEncodedFrame?: Buffer[] }
}

/** More is not copied together: each frame goes as it is. */
const packedMaxBytes = 16_384

/**
 * What one turn of the event loop has for a socket goes to the kernel by one write of one buffer: acknowledgements and deliveries
 * together. Engine.IO writes the first packet at once, the others when that is done, and `ws` hands over each frame in two parts;
 * writes to sockets are a fifth of what a busy gateway does. Nothing waits longer than that turn, order and contents of the
 * frames stay as they are, and so does what waits for slow readers. Made for WebSockets; long polling gathers by itself.
 */
export class PackedWrites {
  #due = new Set<Connection>()
  readonly #flushSoon: () => void
  /** Engine.IO's own, of the first socket: all have the same. */
  #flush: (() => void) | undefined

  constructor() {
    const soon = (connection: Connection) => {
      if (this.#due.size === 0) setImmediate(() => this.#flushAll())
      this.#due.add(connection)
    }
    // One function for all connections: a socket costs memory.
    this.#flushSoon = function (this: Connection) {
      // Called after each write, too.
      if (this.writeBuffer.length > 0) soon(this)
    }
  }

  /** From the next packet on. */
  of(socket: RealtimeSocket): void {
    const connection = socket.conn as unknown as Connection
    this.#flush ??= connection.flush
    connection.flush = this.#flushSoon
    if (connection.transport.name === 'websocket') connection.transport.send = sendPacked
    else connection.once('upgrade', (transport) => Object.assign(transport, { send: sendPacked }))
  }

  #flushAll(): void {
    const due = this.#due
    this.#due = new Set()
    for (const connection of due) this.#flush?.call(connection)
  }
}

/** Engine.IO's way to send, for what is not simple text. */
function sendApart(transport: Transport, packets: Packet[]): void {
  ;(Object.getPrototypeOf(transport) as Transport).send.call(transport, packets)
}

function sendPacked(this: Transport, packets: Packet[]): void {
  const whole = this.perMessageDeflate ? undefined : packed(packets)
  if (!whole) {
    sendApart(this, packets)
    return
  }
  this.writable = false
  this.socket._sender.sendFrame([whole], this._onSentLast)
}

/** All in one buffer; `undefined` for what is not simple text, and where copying would not pay. */
function packed(packets: Packet[]): Buffer | undefined {
  const frames: Buffer[] = []
  let bytes = 0
  for (const packet of packets) {
    const frame = frameOf(packet)
    if (!frame) return undefined
    frames.push(frame)
    bytes += frame.length
  }
  if (frames.length === 1) return frames[0]
  return bytes > packedMaxBytes ? undefined : Buffer.concat(frames, bytes)
}

function frameOf({ type, data, options }: Packet): Buffer | undefined {
  const made = options?.wsPreEncodedFrame
  if (made) return made.length === 1 ? made[0] : undefined
  return type === 'message' && typeof data === 'string' ? textFrame(data) : undefined
}
