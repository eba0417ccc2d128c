import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { FrameReader, textFrame } from './frames.ts'

/** A client's WebSocket as a saboteur sees it. */
export interface Victim {
  /** Gives the client a text frame, as if the server had sent it. */
  send(text: string): void
}

/** Decides what a client gets instead of a frame of the server's. */
export interface Saboteur {
  /** @param pass gives the client the frame as it is; a saboteur that does nothing else lets it vanish */
  frame(text: string, victim: Victim, pass: () => void): void
  opened?(victim: Victim): void
  closed?(victim: Victim): void
}

export interface Proxy {
  url: string
  close(): Promise<void>
}

const endOfHead = '\r\n\r\n'

/**
 * Stands between clients and a server on the loopback interface, passes on every byte, but lets a saboteur at the text frames
 * of WebSockets on their way to the clients.
 */
export async function startProxy(target: string, saboteur: Saboteur): Promise<Proxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one)
      one.setNoDelay(true)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.on('end', () => other.end())
    }
    client.on('data', (bytes) => upstream.write(bytes))
    relayAnswers(upstream, client, saboteur)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const close = () => {
    for (const socket of sockets) socket.destroy()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

/** Plain HTTP goes through as it is; what follows a `101 Switching Protocols` is frames. */
function relayAnswers(upstream: Socket, client: Socket, saboteur: Saboteur): void {
  let head: Buffer | undefined = Buffer.alloc(0)
  let frames: FrameReader | undefined
  const victim: Victim = {
    send: (text) => {
      if (client.writable) client.write(textFrame(text))
    },
  }
  const onFrames = (reader: FrameReader, bytes: Buffer) => {
    for (const { bytes: frame, text } of reader.read(bytes)) {
      if (text === undefined) client.write(frame)
      else saboteur.frame(text, victim, () => client.write(frame))
    }
  }
  upstream.on('data', (bytes) => {
    if (frames) return onFrames(frames, bytes)
    if (!head) return void client.write(bytes)
    head = Buffer.concat([head, bytes])
    const isUpgrade = 'HTTP/1.1 101'.startsWith(head.toString('latin1', 0, 12))
    const end = head.indexOf(endOfHead)
    if (isUpgrade && end === -1) return
    const headEnd = isUpgrade ? end + endOfHead.length : head.length
    client.write(head.subarray(0, headEnd))
    if (isUpgrade) {
      frames = new FrameReader()
      saboteur.opened?.(victim)
      upstream.once('close', () => saboteur.closed?.(victim))
      onFrames(frames, head.subarray(headEnd))
    }
    head = undefined
  })
}
