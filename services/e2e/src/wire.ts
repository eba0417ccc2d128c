import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A wire to a server that can be cut and mended, to see what an outage does. */
export class Wire {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isCut = false

  private constructor(targetPort: number) {
    this.#server = createServer((inner) => {
      if (this.#isCut) {
        inner.destroy()
        return
      }
      const outer = connect(targetPort, '127.0.0.1')
      for (const [socket, other] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        this.#sockets.add(socket)
        socket.pipe(other)
        socket.on('error', () => other.destroy())
        socket.on('close', () => {
          this.#sockets.delete(socket)
          other.destroy()
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

  close(): void {
    this.cut()
    this.#server.close()
  }
}
