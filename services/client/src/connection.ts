import { type AckBody, type ClientEventName, type ClientPayload, CodedError } from '@earshot/protocol'
import { io, type Socket } from 'socket.io-client'
import type { Emitter } from './emitter.ts'
import { type EarshotEvents, ownEventNames } from './events.ts'
import { type EarshotOptions, tokenSource } from './options.ts'
import { defaultRetryPolicy, isRetryable, retryDelayMs } from './retry.ts'
import { fromWire } from './wire-error.ts'

const connectBackoff = { ...defaultRetryPolicy, baseDelayMs: 500 }

/** One socket that stays connected: Socket.IO comes back after a lost network, this also after a server said so. */
export class Connection {
  readonly #socket: Socket
  readonly #events: Emitter<EarshotEvents>
  #connectedBefore = false
  #failedTries = 0
  #reconnectTimer: ReturnType<typeof setTimeout> | undefined
  #retryAfterMs: number | undefined
  #tokenError: CodedError | undefined
  #ended: CodedError | undefined

  constructor(options: EarshotOptions, events: Emitter<EarshotEvents>) {
    this.#events = events
    const getToken = tokenSource(options)
    this.#socket = io(options.url, {
      transports: ['websocket', 'polling'],
      reconnectionDelay: 500,
      reconnectionDelayMax: 5_000,
      ...options.ioOptions,
      autoConnect: false,
      auth: (send) => void this.#authenticate(getToken, send),
    })
    this.#socket.on('connect', () => this.#onConnect())
    this.#socket.on('connect_error', (error) => this.#onConnectError(error))
    this.#socket.on('disconnect', (reason) => this.#onDisconnect(reason))
    this.#socket.onAny((event: string, payload: unknown) => {
      if (!ownEventNames.has(event)) events.emit(event as keyof EarshotEvents, payload as never)
    })
    // Let in and put out again, e.g. for too many sockets of one user: the server says when to come back.
    events.on('error_message', ({ event, error }) => {
      if (event === 'connect') this.#retryAfterMs = error.retryAfterMs
    })
  }

  get connected(): boolean {
    return this.#socket.connected
  }

  /** Why it will not come back by itself: closed, or refused by the server. */
  get ended(): CodedError | undefined {
    return this.#ended
  }

  open(): void {
    this.#ended = undefined
    this.#socket.connect()
  }

  close(): void {
    clearTimeout(this.#reconnectTimer)
    this.#ended ??= new CodedError('RETRY_LATER', 'The connection was closed by the application.')
    if (this.#socket.connected) this.#socket.disconnect()
    else {
      this.#socket.disconnect()
      this.#events.emit('disconnected', { reason: 'closed', willReconnect: false, error: this.#ended })
    }
  }

  /** Resolves at once when connected. Without a limit it waits for as long as the network is away. */
  async whenConnected(timeoutMs?: number): Promise<void> {
    if (this.connected) return
    if (this.#ended) throw this.#ended
    await new Promise<void>((resolve, reject) => {
      const finish = (error?: CodedError) => {
        for (const stop of stops) stop()
        if (error) reject(error)
        else resolve()
      }
      const stops = [
        this.#events.on('connected', () => finish()),
        this.#events.on('disconnected', ({ willReconnect }) => {
          if (!willReconnect) finish(this.#ended)
        }),
      ]
      if (timeoutMs === undefined) return
      const timer = setTimeout(
        () => finish(new CodedError('RETRY_LATER', 'There is no connection.')),
        timeoutMs,
      )
      stops.push(() => clearTimeout(timer))
    })
  }

  /** One try: sends the event and waits for its ack. */
  async request<E extends ClientEventName>(
    event: E,
    payload: ClientPayload<E>,
    timeoutMs: number,
  ): Promise<AckBody<E>> {
    let answer: { ok?: unknown; error?: unknown } | undefined
    try {
      answer = await this.#socket.timeout(timeoutMs).emitWithAck(event, payload)
    } catch (cause) {
      throw new CodedError('RETRY_LATER', 'The server did not answer in time.', { cause })
    }
    if (answer?.ok === true) return answer as AckBody<E>
    throw (
      fromWire(answer?.error) ?? new CodedError('INTERNAL', 'The server gave an answer without a meaning.')
    )
  }

  async #authenticate(getToken: () => Promise<string>, send: (auth: object) => void): Promise<void> {
    try {
      this.#tokenError = undefined
      send({ token: await getToken() })
    } catch (error) {
      this.#tokenError = error as CodedError
      send({})
    }
  }

  #onConnect(): void {
    const reconnected = this.#connectedBefore
    this.#connectedBefore = true
    this.#failedTries = 0
    const socketId = this.#socket.id ?? ''
    this.#events.emit('connected', { socketId })
    if (reconnected) this.#events.emit('reconnected', { socketId })
  }

  #onConnectError(error: Error & { data?: unknown }): void {
    if (this.#socket.active) return // the network: Socket.IO tries again by itself
    const refusal = this.#tokenError ?? fromWire(error.data) ?? fromWire({ code: error.message })
    if (refusal && !isRetryable(refusal)) {
      this.#ended = refusal
      this.#events.emit('disconnected', { reason: 'refused', willReconnect: false, error: refusal })
    } else this.#reconnectLater(refusal?.retryAfterMs)
  }

  #onDisconnect(reason: string): void {
    if (this.#ended) {
      this.#events.emit('disconnected', { reason, willReconnect: false, error: this.#ended })
      return
    }
    this.#events.emit('disconnected', { reason, willReconnect: true })
    if (!this.#socket.active) this.#reconnectLater(this.#retryAfterMs) // the server ended it, e.g. a node that drains
  }

  #reconnectLater(retryAfterMs?: number): void {
    this.#failedTries += 1
    clearTimeout(this.#reconnectTimer)
    this.#retryAfterMs = undefined
    const delayMs = retryDelayMs(connectBackoff, this.#failedTries, retryAfterMs)
    this.#reconnectTimer = setTimeout(() => this.#socket.connect(), delayMs)
  }
}
