import type { Socket } from 'node:net'
import { Command, type Redis } from 'ioredis'

/**
 * Sends a command whose last argument is long. ioredis puts all of a command that has bytes in it together in one buffer; here they go
 * to the socket as they are, behind and before the rest, by the same `writev`.
 * @param last is not changed any more; in parts, where it is put together of several
 */
export function sendLong(
  client: Redis,
  name: string,
  args: string[],
  last: Buffer | Buffer[],
): Promise<unknown> {
  return client.sendCommand(new LongCommand(name, args, last)) as Promise<unknown>
}

class LongCommand extends Command {
  readonly #last: Buffer[]

  constructor(name: string, args: string[], last: Buffer | Buffer[]) {
    super(name, args, { replyEncoding: 'utf8' })
    this.#last = [last].flat()
  }

  override toWritable(socket: object): string {
    const words = [this.name, ...this.args.map(String)]
    const length = this.#last.reduce((sum, part) => sum + part.length, 0)
    const head = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')
    const stream = socket as Socket
    stream.write(`*${words.length + 1}\r\n${head}$${length}\r\n`)
    for (const part of this.#last) stream.write(part)
    return '\r\n'
  }
}
