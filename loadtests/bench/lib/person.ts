import type { Ack, AckBody, ClientEventName, ServerEventName } from '@earshot/protocol'
import { io, type Socket } from 'socket.io-client'
import type { Servers } from './servers.ts'
import { mintToken } from './token.ts'

/** A user with HTTP and any number of sockets, each on a node of choice. */
export class Person {
  readonly userId: string
  readonly #servers: Servers
  readonly #token: string

  constructor(servers: Servers, userId: string) {
    this.userId = userId
    this.#servers = servers
    this.#token = mintToken(servers.jwtSecret, userId)
  }

  async connect(node: number): Promise<Device> {
    const socket = io(this.#servers.url(node), {
      auth: { token: this.#token },
      transports: ['websocket'],
      forceNew: true,
      // A socket that is lost spoils the figures: better seen than mended.
      reconnection: false,
    })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('connect_error', reject)
    })
    return new Device(socket)
  }

  /** @throws {Error} for every answer that is no success */
  async http<T>(
    method: string,
    path: string,
    { node = 0, json }: { node?: number; json?: unknown } = {},
  ): Promise<T> {
    const response = await fetch(this.#servers.url(node) + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(json !== undefined && { 'content-type': 'application/json' }),
      },
      body: json === undefined ? null : JSON.stringify(json),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }
}

/** Longer than anything takes that works. */
const patienceMs = 120_000

/** One socket. It counts what it hears and keeps nothing. */
export class Device {
  readonly #socket: Socket
  readonly #counts = new Map<string, number>()
  readonly #waiting = new Set<{ event: string; count: number; resolve: () => void }>()
  readonly #lost = Promise.withResolvers<never>()

  constructor(socket: Socket) {
    this.#socket = socket
    socket.onAny((event: string) => this.#note(event))
    socket.on('disconnect', (reason) => this.#lost.reject(new Error(`a socket was lost: ${reason}`)))
    // Who waits for nothing is not told.
    this.#lost.promise.catch(() => undefined)
  }

  heard(event: ServerEventName): number {
    return this.#counts.get(event) ?? 0
  }

  /**
   * Resolves when the event has been heard so many times, counted from the beginning.
   * @throws {Error} when that does not happen, or the socket is lost
   */
  async hears(event: ServerEventName, count: number): Promise<void> {
    if (this.heard(event) >= count) return
    const heard = Promise.withResolvers<void>()
    const waiting = { event, count, resolve: heard.resolve }
    this.#waiting.add(waiting)
    const giveUp = () =>
      heard.reject(new Error(`${event} was heard ${this.heard(event)} times instead of ${count}`))
    const timer = setTimeout(giveUp, patienceMs)
    try {
      await Promise.race([heard.promise, this.#lost.promise])
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(waiting)
    }
  }

  /** @throws {Error} for every answer that is no success */
  async send<E extends ClientEventName>(event: E, payload: unknown): Promise<AckBody<E>> {
    const answer = (await this.#socket.timeout(patienceMs).emitWithAck(event, payload)) as Ack<AckBody<E>>
    if (!answer.ok) throw new Error(`${event}: ${answer.error.code} ${answer.error.message}`)
    return answer
  }

  close(): void {
    this.#socket.disconnect()
  }

  #note(event: string): void {
    const count = (this.#counts.get(event) ?? 0) + 1
    this.#counts.set(event, count)
    for (const waiting of this.#waiting) {
      if (waiting.event === event && waiting.count <= count) waiting.resolve()
    }
  }
}
