import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A wire to a server that can be cut and mended, to see what an outage does. */
export class Wire {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** From the server, each with where it goes. */
  readonly #answers = new Map<Socket, Socket>()
  #isCut = false
  readonly #unplugged = new Set<Socket>()

  private constructor(targetPort: number) {
    this.#server = createServer((inner) => {
      if (this.#isCut) {
        inner.destroy()
        return
      }
      const outer = connect(targetPort, '127.0.0.1')
      this.#answers.set(outer, inner)
      outer.on('close', () => this.#answers.delete(outer))
      for (const [socket, other] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        this.#sockets.add(socket)
        socket.pipe(other)
        socket.on('error', () => other.destroy())
        socket.on('close', () => {
          this.#sockets.delete(socket)
          if (!this.#unplugged.has(socket)) other.destroy()
        })
      }
    })
  }

  /** @param url of the server behind; the answer's `url` is the same, through the wire */
  static async to(url: string): Promise<{ wire: Wire; url: string }> {
    const through = new URL(url)
    const wire = new Wire(Number(through.port))
    wire.#server.listen(0, '127.0.0.1')
    await once(wire.#server, 'listening')
    through.port = String((wire.#server.address() as AddressInfo).port)
    return { wire, url: through.href }
  }

  cut(): void {
    this.#isCut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  mend(): void {
    this.#isCut = false
  }

  /** What is sent gets there, its answer does not come back, on connections that stand. */
  mute(): void {
    for (const [outer, inner] of this.#answers) {
      outer.unpipe(inner)
      outer.resume()
    }
  }

  /** As when a cable is pulled: neither side hears anything more, not even that the connection is over. */
  unplug(): void {
    for (const socket of this.#sockets) {
      this.#unplugged.add(socket)
      socket.unpipe()
      socket.resume()
    }
  }

  close(): void {
    this.cut()
    this.#server.close()
  }
}
