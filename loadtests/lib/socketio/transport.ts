import { clearTimeout, setTimeout } from 'k6/timers'
import { type ErrorEvent, type MessageEvent, WebSocket } from 'k6/websockets'
import { decodePacket, type Packet, pong } from './packets.ts'

export interface TransportOptions {
  /** `ws://` or `wss://`, with path and query. */
  url: string
  headers?: Record<string, string>
  /** Tags of k6's own WebSocket metrics. */
  tags?: Record<string, string>
}

export interface TransportHandlers {
  /**
   * The WebSocket is there. What is to be said first is said now, not when the server's `open` packet has come: k6 (1.8) starts
   * to read before it counts a WebSocket as open, and drops what it has read by then.
   */
  onOpen(): void
  /** @param at when the frame arrived, milliseconds since 1970 */
  onPacket(packet: Packet, at: number): void
  /** Called once; nothing comes after it. */
  onClose(reason: string): void
}

/** How long `close` lets what was sent before it go out, milliseconds. */
const flushMs = 2_000

/** Milliseconds of silence that are allowed to a server whose `open` packet never came: Engine.IO's own defaults. */
const usualSilenceMs = 45_000

/** One Engine.IO session over a WebSocket: answers pings, notices when the server falls silent. */
export class Transport {
  readonly #ws: WebSocket
  readonly #handlers: TransportHandlers
  #silence: ReturnType<typeof setTimeout> | undefined
  /** Milliseconds of silence after which the server counts as gone. */
  #silenceMs = usualSilenceMs
  /** When the last frame arrived, milliseconds since 1970. */
  #heardAt = 0
  #isClosed = false
  /** Why it ends, by who says so first: k6 tells of an error when the other side answers our own close. */
  #reason: string | undefined

  constructor({ url, headers, tags }: TransportOptions, handlers: TransportHandlers) {
    this.#handlers = handlers
    this.#ws = new WebSocket(url, null, { ...(headers && { headers }), ...(tags && { tags }) })
    this.#ws.addEventListener('open', () => {
      this.#heardAt = Date.now()
      this.#watch(this.#silenceMs)
      handlers.onOpen()
    })
    this.#ws.addEventListener('message', (event) => this.#onFrame(event as MessageEvent))
    this.#ws.addEventListener('error', (event) => {
      this.#reason ??= (event as ErrorEvent).error
      // A connection that never opened has no close event.
      if (this.#ws.readyState === 0 || this.#ws.readyState === 3) this.#closed()
    })
    this.#ws.addEventListener('close', () => this.#closed())
  }

  /** False when the connection is no longer open: nothing was sent. */
  send(frame: string): boolean {
    if (this.#isClosed || this.#ws.readyState !== 1) return false
    this.#ws.send(frame)
    return true
  }

  /** Closes when what was sent before has gone out: k6 lets a close overtake it. */
  close(reason: string): void {
    if (this.#isClosed) return
    this.#reason ??= reason
    const until = Date.now() + flushMs
    const tryClosing = () => {
      if (this.#isClosed) return
      if (this.#ws.bufferedAmount > 0 && Date.now() < until) setTimeout(tryClosing, 10)
      else this.#ws.close()
    }
    tryClosing()
  }

  #onFrame({ data, timestamp }: MessageEvent): void {
    if (this.#isClosed) return
    if (typeof data !== 'string') {
      this.close('a binary frame, which is not spoken here')
      return
    }
    this.#heardAt = timestamp
    const packet = this.#decoded(data)
    if (!packet) return
    if (packet.type === 'open') {
      this.#silenceMs = packet.pingIntervalMs + packet.pingTimeoutMs
      this.#watch(this.#silenceMs)
    }
    if (packet.type === 'ping') this.send(pong)
    else if (packet.type === 'close') this.close('the server closed the session')
    else this.#handlers.onPacket(packet, timestamp)
  }

  /** A frame that is not understood ends the connection: what it said is lost, and only a new one is sure to be whole. */
  #decoded(frame: string): Packet | undefined {
    try {
      return decodePacket(frame)
    } catch (error) {
      this.close(error instanceof Error ? error.message : String(error))
      return undefined
    }
  }

  /** Any frame is a sign of life: under load k6 runs a timer before a ping that arrived in time. */
  #watch(ms: number): void {
    if (this.#silence !== undefined) clearTimeout(this.#silence)
    this.#silence = setTimeout(() => {
      const leftMs = this.#heardAt + this.#silenceMs - Date.now()
      if (leftMs > 0) this.#watch(leftMs)
      else this.close('no sign of life from the server')
    }, ms)
  }

  #closed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#silence !== undefined) clearTimeout(this.#silence)
    this.#handlers.onClose(this.#reason ?? 'the server closed the connection')
  }
}
