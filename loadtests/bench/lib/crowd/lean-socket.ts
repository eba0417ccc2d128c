import WebSocket from 'ws'

const code = (character: string) => character.charCodeAt(0)
const [open, ping, message] = [code('0'), code('2'), code('4')]
const [connect, refused] = [code('0'), code('4')]

export interface LeanSocketOptions {
  /** Of the node: `http://127.0.0.1:3000`. */
  url: string
  /** What Socket.IO calls `auth`. */
  auth: object
}

/**
 * A WebSocket that speaks just enough of Engine.IO 4 and Socket.IO 5 to be one client of thousands: what comes is handed on as it
 * is on the wire, unread.
 */
export class LeanSocket {
  /** Given each event and each answer: `42["new_message",…`, `43<id>[…`. */
  onFrame: (frame: Buffer) => void = () => undefined
  /** Called once, when the connection is gone that should not be. */
  onLost: (why: string) => void = () => undefined
  readonly #socket: WebSocket
  readonly #connected = Promise.withResolvers<void>()

  private constructor({ url, auth }: LeanSocketOptions) {
    const address = `${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`
    this.#socket = new WebSocket(address, { perMessageDeflate: false, skipUTF8Validation: true })
    this.#socket.on('message', (frame: Buffer) => this.#take(frame, auth))
    this.#socket.on('error', (error) => this.#lose(error.message))
    this.#socket.on('close', (status) => this.#lose(`a socket was closed: ${status}`))
  }

  /** Resolves when the server has let it in. */
  static async connect(options: LeanSocketOptions): Promise<LeanSocket> {
    const socket = new LeanSocket(options)
    await socket.#connected.promise
    return socket
  }

  /** @param ack unique on this socket; the answer begins with `43<ack>` */
  emit(ack: number, event: string, payload: object): void {
    this.#socket.send(`42${ack}["${event}",${JSON.stringify(payload)}]`)
  }

  close(): void {
    this.onLost = () => undefined
    this.#socket.close()
  }

  #take(frame: Buffer, auth: object): void {
    const [first, second] = frame
    if (first === ping) this.#socket.send('3')
    else if (first === open) this.#socket.send(`40${JSON.stringify(auth)}`)
    else if (first !== message) return
    else if (second === connect) this.#connected.resolve()
    else if (second === refused) this.#lose(frame.toString())
    else this.onFrame(frame)
  }

  #lose(why: string): void {
    this.#connected.reject(new Error(why))
    this.onLost(why)
  }
}
