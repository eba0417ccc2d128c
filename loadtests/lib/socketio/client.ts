import { clearTimeout, setTimeout } from 'k6/timers'
import { type BackoffOptions, backoffDelay, defaultBackoff } from './backoff.ts'
import { ConnectRefusedError, DisconnectedError } from './errors.ts'
import type { EventAnswer, EventArgs, EventNames } from './event-types.ts'
import { encodeAck, encodeConnect, encodeDisconnect, encodeEvent, type Packet } from './packets.ts'
import { type Answered, PendingAcks } from './pending-acks.ts'
import { Transport } from './transport.ts'
import { socketUrl } from './url.ts'

export interface ClientOptions {
  /** `http://`, `https://`, `ws://` or `wss://`, host and port. */
  url: string
  /** Where the server listens; `/socket.io/` unless said. */
  path?: string
  /** `/` unless said. */
  namespace?: string
  /** Asked for at each attempt, so that a token may be renewed. */
  auth?: () => unknown
  headers?: Record<string, string>
  /** Tags of k6's own WebSocket metrics. */
  tags?: Record<string, string>
  /** Milliseconds from the first byte to being connected; 20,000 unless said. */
  connectTimeoutMs?: number
  /** Milliseconds that an acknowledgement may take; 20,000 unless said. */
  ackTimeoutMs?: number
  /** How a lost connection is taken up again; `false`: not at all. */
  reconnect?: Partial<BackoffOptions> | false
}

/** What becomes of the connection. */
export interface ClientEvents {
  /** @param tookMs milliseconds from opening the WebSocket to being connected; @param again it was lost before */
  connected?: (tookMs: number, again: boolean) => void
  /** A connection that was there is not any more. */
  disconnected?: (reason: string) => void
  /** An attempt failed; another follows unless `last`. */
  failed?: (error: Error, last: boolean) => void
}

type Handler = (...args: never[]) => void

/** The reason of a connection that `drop` has lost. */
export const droppedByClient = 'dropped by the client'

/**
 * A Socket.IO client for k6, typed by the same event maps as `socket.io`'s own:
 * `new SocketIoClient<ServerToClientEvents, ClientToServerEvents>({ url })`. Many fit in one VU.
 */
export class SocketIoClient<Listens extends object, Emits extends object> {
  readonly #options: ClientOptions
  readonly #events: ClientEvents
  readonly #namespace: string
  readonly #acks = new PendingAcks({ now: Date.now, after: timer })
  readonly #handlers = new Map<string, Handler[]>()
  #transport: Transport | undefined
  #isConnected = false
  #isWanted = false
  #connections = 0
  #frameAt = 0

  constructor(options: ClientOptions, events: ClientEvents = {}) {
    this.#options = options
    this.#events = events
    this.#namespace = options.namespace ?? '/'
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  /** Whether it should be connected: not after `disconnect`, nor after the server said goodbye. */
  get isWanted(): boolean {
    return this.#isWanted
  }

  /** How often it has been connected. */
  get connections(): number {
    return this.#connections
  }

  /** In a handler: when its event arrived, milliseconds since 1970, however late the handler runs. */
  get receivedAt(): number {
    return this.#frameAt
  }

  on<E extends EventNames<Listens>>(event: E, handler: (...args: EventArgs<Listens[E]>) => void): this {
    const handlers = this.#handlers.get(event) ?? []
    handlers.push(handler as unknown as Handler)
    this.#handlers.set(event, handlers)
    return this
  }

  /** Connects; rejects when the last attempt has failed, or at once when the server refuses. */
  async connect(): Promise<void> {
    this.#isWanted = true
    await this.#attempts()
  }

  /** Sends without waiting for anything. @throws {DisconnectedError} */
  emit<E extends EventNames<Emits>>(event: E, ...args: EventArgs<Emits[E]>): void {
    this.#send(encodeEvent(this.#namespace, event, args))
  }

  /** @throws {DisconnectedError | AckTimeoutError} as a rejection */
  async emitWithAck<E extends EventNames<Emits>>(
    event: E,
    ...args: EventArgs<Emits[E]>
  ): Promise<Answered<EventAnswer<Emits[E]>>> {
    if (!this.#isConnected) throw new DisconnectedError('not connected')
    const { id, answered } = this.#acks.add(event, this.#options.ackTimeoutMs ?? 20_000)
    this.#transport?.send(encodeEvent(this.#namespace, event, args, id))
    return answered as Promise<Answered<EventAnswer<Emits[E]>>>
  }

  /** Says goodbye and stays away. */
  disconnect(): void {
    this.#isWanted = false
    if (this.#isConnected) this.#transport?.send(encodeDisconnect(this.#namespace))
    this.#transport?.close('disconnected by the client')
  }

  /** Loses the connection without a goodbye. It is taken up again unless `stayAway`. */
  drop({ stayAway = false } = {}): void {
    if (stayAway) this.#isWanted = false
    this.#transport?.close(droppedByClient)
  }

  #send(frame: string): void {
    if (!this.#isConnected || !this.#transport?.send(frame)) throw new DisconnectedError('not connected')
  }

  async #attempts(): Promise<void> {
    const { reconnect } = this.#options
    const backoff = { ...defaultBackoff, ...(reconnect === false ? { attempts: 1 } : reconnect) }
    for (let attempt = 0; this.#isWanted; attempt++) {
      // Who was connected waits before the first attempt too: a node's whole crowd has just been lost.
      if (attempt > 0 || this.#connections > 0) {
        await pause(backoffDelay(attempt, backoff, Math.random()))
        if (!this.#isWanted) return
      }
      try {
        await this.#open()
        return
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown))
        const isLast = error instanceof ConnectRefusedError || attempt + 1 >= backoff.attempts
        this.#events.failed?.(error, isLast)
        if (isLast) throw error
      }
    }
  }

  #open(): Promise<void> {
    const { path = '/socket.io/', connectTimeoutMs = 20_000, headers, tags } = this.#options
    const startedAt = Date.now()
    return new Promise<void>((resolve, reject) => {
      let isSettled = false
      const settle = (how: () => void) => {
        if (isSettled) return
        isSettled = true
        notInTime()
        how()
      }
      const notInTime = timer(connectTimeoutMs, () =>
        transport.close(`not connected after ${connectTimeoutMs} ms`),
      )
      const transport = new Transport(
        { url: socketUrl(this.#options.url, path), ...(headers && { headers }), ...(tags && { tags }) },
        {
          onOpen: () => transport.send(encodeConnect(this.#namespace, this.#options.auth?.())),
          onPacket: (packet, at) => {
            if (packet.type === 'connect') {
              this.#connected(at - startedAt)
              settle(resolve)
            } else if (packet.type === 'connect_error') {
              settle(() => reject(new ConnectRefusedError(packet.message, packet.data)))
              transport.close('refused')
            } else this.#onPacket(packet, at)
          },
          onClose: (reason) => {
            if (transport === this.#transport && this.#isConnected) this.#lost(reason)
            settle(() => reject(new DisconnectedError(reason)))
          },
        },
      )
      this.#transport = transport
    })
  }

  #onPacket(packet: Packet, at: number): void {
    switch (packet.type) {
      case 'event': {
        this.#frameAt = at
        for (const handler of this.#handlers.get(packet.name) ?? []) handler(...(packet.args as never[]))
        // A server that wants to know whether it arrived is told so; what of it, it must ask by an event.
        if (packet.ackId !== undefined) this.#transport?.send(encodeAck(this.#namespace, packet.ackId, []))
        return
      }
      case 'ack':
        this.#acks.settle(packet.ackId, packet.args[0], at)
        return
      case 'disconnect':
        this.#isWanted = false
        this.#transport?.close('the server disconnected this socket')
        return
    }
  }

  #connected(tookMs: number): void {
    const again = this.#connections > 0
    this.#isConnected = true
    this.#connections++
    this.#events.connected?.(tookMs, again)
  }

  #lost(reason: string): void {
    this.#isConnected = false
    this.#acks.failAll(new DisconnectedError(reason))
    this.#events.disconnected?.(reason)
    // What failed, and that it was the last attempt, was told by `failed`.
    if (this.#isWanted && this.#options.reconnect !== false) this.#attempts().catch(() => undefined)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function timer(ms: number, call: () => void): () => void {
  const id = setTimeout(call, ms)
  return () => clearTimeout(id)
}
