import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface CuttableProxy {
  /** Where it listens. */
  url: string
  cut: () => void
  mend: () => void
  close: () => void
}

/** A wire to the service that can be cut and mended, as a phone in a lift would have it. */
export async function cuttableProxy(target: URL): Promise<CuttableProxy> {
  const sockets = new Set<Socket>()
  let cut = false
  const server = createServer((near) => {
    if (cut) return near.destroy()
    const far = connect(Number(target.port || 80), target.hostname)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cutAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      cut = true
      cutAll()
    },
    mend: () => {
      cut = false
    },
    close: () => {
      server.close()
      cutAll()
    },
  }
}
