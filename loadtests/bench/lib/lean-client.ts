import type { Servers } from './servers.ts'
import { mintToken } from './token.ts'

/** RFC 6455: a text frame from a server has two bytes before it, or four from 126 bytes on. */
const frameBytes = (text: string) => text.length + (text.length < 126 ? 2 : 4)
const statusEvent = '42["user_status_changed"'

/**
 * A socket that speaks just enough of Engine.IO 4 and Socket.IO to log in and to count what it hears of presence: so that
 * very many cost little. Text is ASCII here.
 */
export class LeanClient {
  /** `user_status_changed` that came, and the bytes of these and of answers to `presence_subscribe`. */
  statuses = 0
  bytes = 0
  /** Node collects a socket that only the network refers to, though it is open. */
  static readonly #open = new Set<LeanClient>()
  readonly #socket: WebSocket
  readonly #acks: (() => void)[] = []
  readonly #connected = Promise.withResolvers<void>()
  readonly #lost = Promise.withResolvers<never>()

  private constructor(servers: Servers, userId: string, node: number) {
    const url = `${servers.url(node).replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`
    this.#socket = new WebSocket(url)
    LeanClient.#open.add(this)
    // Who waits for nothing is not told.
    this.#lost.promise.catch(() => undefined)
    this.#socket.onclose = ({ code }) => {
      LeanClient.#open.delete(this)
      this.#lost.reject(new Error(`a socket was closed: ${code}`))
    }
    this.#socket.onmessage = ({ data }) => this.#take(String(data), mintToken(servers.jwtSecret, userId))
  }

  /** Resolves when the user is online by this socket, for everybody. */
  static async login(servers: Servers, userId: string, node: number): Promise<LeanClient> {
    const client = new LeanClient(servers, userId, node)
    await Promise.race([client.#connected.promise, client.#lost.promise])
    await client.#ask('user_online', userId)
    return client
  }

  async watch(userIds: string[]): Promise<void> {
    const asked = await this.#ask('presence_subscribe', { userIds })
    this.bytes += asked
  }

  close(): void {
    this.#socket.close()
  }

  /** Resolves when it is acknowledged, with the bytes of the question. */
  async #ask(event: string, payload: unknown): Promise<number> {
    const answered = Promise.withResolvers<void>()
    this.#acks.push(answered.resolve)
    const text = `42${this.#acks.length - 1}${JSON.stringify([event, payload])}`
    this.#socket.send(text)
    await Promise.race([answered.promise, this.#lost.promise])
    return frameBytes(text)
  }

  #take(text: string, token: string): void {
    if (text.startsWith(statusEvent)) {
      this.statuses++
      this.bytes += frameBytes(text)
    } else if (text === '2') this.#socket.send('3')
    else if (text.startsWith('0')) this.#socket.send(`40${JSON.stringify({ token })}`)
    else if (text.startsWith('40')) this.#connected.resolve()
    else if (text.startsWith('44')) this.#lost.reject(new Error(text))
    else if (text.startsWith('43')) {
      const id = Number.parseInt(text.slice(2), 10)
      if (text.includes('"statuses"')) this.bytes += frameBytes(text)
      this.#acks[id]?.()
    }
  }
}
