import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** One answer that is held back. */
export class Held {
  /** Resolves when the question has been asked; its answer then waits. */
  readonly asked: Promise<void>
  readonly #asked = Promise.withResolvers<void>()
  readonly #matches: (request: Buffer) => boolean
  #flow: (() => void) | undefined
  #isReleased = false

  constructor(matches: (request: Buffer) => boolean) {
    this.#matches = matches
    this.asked = this.#asked.promise
  }

  /** Whether this is the question. From then on it is no other. */
  takes(request: Buffer, hold: () => () => void): boolean {
    if (this.#flow || this.#isReleased || !this.#matches(request)) return false
    this.#flow = hold()
    this.#asked.resolve()
    return true
  }

  release(): void {
    this.#isReleased = true
    this.#flow?.()
  }
}

/** A way to a server on which single answers can be held back, to see what overtakes them. */
export class Gate {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #held: Held[] = []
  readonly #refused: string[][] = []
  readonly #dropped: string[][] = []
  #turnsAway = false
  #asked: Buffer[] | undefined

  private constructor(targetPort: number) {
    this.#server = createServer((inner) => {
      if (this.#turnsAway) inner.destroy()
      else this.#join(inner, connect(targetPort, '127.0.0.1'))
    })
  }

  /** @param url of the server behind; the answer's `url` is the same, through the gate */
  static async to(url: string): Promise<{ gate: Gate; url: string }> {
    const through = new URL(url)
    const gate = new Gate(Number(through.port))
    gate.#server.listen(0, '127.0.0.1')
    await once(gate.#server, 'listening')
    through.port = String((gate.#server.address() as AddressInfo).port)
    return { gate, url: through.href }
  }

  /** Holds back the answer to the next request that has all of these in it. */
  hold(...parts: string[]): Held {
    const held = new Held((request) => parts.every((part) => request.includes(part)))
    this.#held.push(held)
    return held
  }

  /** Breaks the connection on each request that has all of these in it, instead of an answer. */
  refuse(...parts: string[]): void {
    this.#refused.push(parts)
  }

  /** Breaks the connection on the next request that has all of these in it, before it gets there. */
  drop(...parts: string[]): void {
    this.#dropped.push(parts)
  }

  /** Keeps what is asked from now on. Returns what gives it, in the order in which it came. */
  record(): () => string {
    const asked: Buffer[] = []
    this.#asked = asked
    return () => Buffer.concat(asked).toString()
  }

  /** What is connected stays so; who comes anew does not get in. */
  turnAway(): void {
    this.#turnsAway = true
  }

  letIn(): void {
    this.#turnsAway = false
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #join(inner: Socket, outer: Socket): void {
    inner.on('data', (request) => {
      this.#asked?.push(request)
      const dropped = this.#dropped.findIndex((parts) => parts.every((part) => request.includes(part)))
      if (dropped >= 0) {
        this.#dropped.splice(dropped, 1)
        outer.destroy()
        inner.destroy()
      }
      if (this.#refused.some((parts) => parts.every((part) => request.includes(part)))) inner.destroy()
      const hold = () => {
        outer.unpipe(inner).pause()
        return () => void outer.pipe(inner)
      }
      this.#held.some((held) => held.takes(request, hold))
    })
    inner.pipe(outer)
    outer.pipe(inner)
    for (const [socket, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
  }
}
