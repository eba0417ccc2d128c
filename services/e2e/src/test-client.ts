import type { Ack, AckBody, ClientEventName, ServerEventName, ServerPayload } from '@earshot/protocol'
import { io, type Socket } from 'socket.io-client'

export interface Received {
  event: string
  payload: unknown
}

type Waiting = { accepts: (received: Received) => boolean; resolve: (received: Received) => void }

/**
 * A client as an existing app would write it: bare socket.io-client, no SDK in between. It records all it hears, and
 * waits for events, never for time.
 */
export class TestClient {
  readonly url: string
  readonly userId: string
  readonly token: string
  readonly socket: Socket
  readonly heard: Received[] = []
  readonly #waiting = new Set<Waiting>()

  constructor(url: string, userId: string, token: string, options: Record<string, unknown> = {}) {
    this.url = url
    this.userId = userId
    this.token = token
    this.socket = io(url, {
      auth: { token },
      transports: ['websocket'],
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
      ...options,
    })
    this.socket.onAny((event: string, payload: unknown) => this.#note({ event, payload }))
  }

  async connected(): Promise<void> {
    if (this.socket.connected) return
    await new Promise<void>((resolve, reject) => {
      this.socket.once('connect', resolve)
      this.socket.once('connect_error', reject)
      // Its node died while it was let in: without reconnection that is the end.
      this.socket.once('disconnect', (reason) => {
        if (!this.socket.io.reconnection()) reject(new Error(reason))
      })
    })
  }

  /** Sends what it is told to, valid or not, and returns the ack. */
  async raw(event: string, ...args: unknown[]): Promise<Ack<Record<string, unknown>>> {
    return this.socket.timeout(20_000).emitWithAck(event, ...args)
  }

  /** Sends and expects success. */
  async send<E extends ClientEventName>(event: E, payload: unknown): Promise<AckBody<E>> {
    const answer = (await this.raw(event, payload)) as Ack<AckBody<E>>
    if (!answer.ok) throw new Error(`${event}: ${answer.error.code} ${answer.error.message}`)
    return answer
  }

  /** The first event of this name, heard already or yet to come, that fits. */
  async hears<E extends ServerEventName>(
    event: E,
    fits: (payload: ServerPayload<E>) => boolean = () => true,
  ): Promise<ServerPayload<E>> {
    const accepts = (received: Received) =>
      received.event === event && fits(received.payload as ServerPayload<E>)
    const before = this.heard.find(accepts)
    if (before) return before.payload as ServerPayload<E>
    const received = await new Promise<Received>((resolve) => this.#waiting.add({ accepts, resolve }))
    return received.payload as ServerPayload<E>
  }

  /** The arguments of the next event of the socket itself, e.g. `disconnect` or `connect_error`. */
  async next<T>(event: 'disconnect' | 'connect_error'): Promise<T> {
    return new Promise((resolve) => this.socket.once(event, (argument: unknown) => resolve(argument as T)))
  }

  heardOf<E extends ServerEventName>(event: E): ServerPayload<E>[] {
    return this.heard
      .filter((received) => received.event === event)
      .map(({ payload }) => payload as ServerPayload<E>)
  }

  /**
   * Waits until all that was sent to this client before is here: a message to oneself takes the same way. What has
   * not come by then never will.
   */
  async barrier(): Promise<void> {
    const content = `barrier ${Math.random()}`
    const other = new TestClient(this.url, this.userId, this.token)
    await other.connected()
    await other.send('message', { recipientId: this.userId, content })
    await this.hears('new_message', (message) => message.content === content)
    other.socket.disconnect()
  }

  async http(path: string, init: RequestInit & { json?: unknown } = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${this.token}`)
    if (init.json !== undefined) headers.set('content-type', 'application/json')
    const body = init.json === undefined ? (init.body ?? null) : JSON.stringify(init.json)
    return fetch(this.url + path, { ...init, headers, body })
  }

  async get<T>(path: string): Promise<T> {
    const response = await this.http(path)
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }

  #note(received: Received): void {
    this.heard.push(received)
    for (const waiting of this.#waiting) {
      if (!waiting.accepts(received)) continue
      this.#waiting.delete(waiting)
      waiting.resolve(received)
    }
  }
}
