import { once } from 'node:events'
import { connect, type NetConnectOpts } from 'node:net'

const ANSWER_WITHIN_MS = 2_000
/** Version 3.0 of its protocol. */
const POSTGRES_PROTOCOL = 196_608

/** Whether an HTTP address answers with 200. */
export async function answersOk(url: string): Promise<boolean> {
  return (await httpStatus(url)) === 200
}

export async function httpStatus(url: string): Promise<number | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
    await response.arrayBuffer()
    return response.status
  } catch {
    // Refused, reset or late: it does not answer, whatever the reason.
    return undefined
  }
}

export async function answersRedisPing(port: number, host = '127.0.0.1'): Promise<boolean> {
  const answer = await exchange({ host, port }, Buffer.from('PING\r\n'), (bytes) => bytes.includes('\r\n'))
  return answer?.toString('latin1').startsWith('+PONG') ?? false
}

/** MongoDB's own greeting, `{ hello: 1 }`, which needs no login. */
export async function answersMongoHello(port: number, host = '127.0.0.1'): Promise<boolean> {
  const complete = (bytes: Buffer) => bytes.length >= 4 && bytes.length >= bytes.readInt32LE(0)
  const answer = await exchange({ host, port }, helloMessage(), complete)
  const ok = answer?.indexOf('\x01ok\0', 0, 'latin1') ?? -1
  return ok >= 0 && answer?.readDoubleLE(ok + 4) === 1
}

/** Whether somebody listens there: all that can be asked of a server that wants a login. */
export async function acceptsTcp(port: number, host = '127.0.0.1'): Promise<boolean> {
  return (await exchange({ host, port }, Buffer.alloc(0), () => true)) !== undefined
}

/** Whether a PostgreSQL lets the user in: while it recovers it listens already, but answers with an error. */
export async function answersPostgres(socketPath: string, user: string): Promise<boolean> {
  const parameters = Buffer.from(`user\0${user}\0database\0postgres\0\0`)
  const startup = Buffer.alloc(8)
  startup.writeInt32BE(8 + parameters.length, 0)
  startup.writeInt32BE(POSTGRES_PROTOCOL, 4)
  const request = Buffer.concat([startup, parameters])
  const answer = await exchange({ path: socketPath }, request, (bytes) => bytes.length > 0)
  // R: authentication; E: an error, such as "the database system is starting up".
  return answer?.toString('latin1', 0, 1) === 'R'
}

/** Connects, sends, and gives what came back once it is complete; undefined when it does not come. */
async function exchange(
  where: NetConnectOpts,
  request: Buffer,
  complete: (received: Buffer) => boolean,
): Promise<Buffer | undefined> {
  const socket = connect(where)
  const timer = setTimeout(() => socket.destroy(new Error('late')), ANSWER_WITHIN_MS)
  try {
    await once(socket, 'connect')
    socket.write(request)
    let received: Buffer = Buffer.alloc(0)
    if (complete(received)) return received
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk])
      if (complete(received)) return received
    }
    return undefined
  } catch {
    // Refused, reset or late: it does not answer, whatever the reason.
    return undefined
  } finally {
    clearTimeout(timer)
    socket.on('error', () => undefined).destroy()
  }
}

function helloMessage(): Buffer {
  const elements = Buffer.concat([
    Buffer.from('\x10hello\0\x01\0\0\0', 'latin1'),
    Buffer.from('\x02$db\0\x06\0\0\0admin\0', 'latin1'),
  ])
  const document = Buffer.alloc(4 + elements.length + 1)
  document.writeInt32LE(document.length, 0)
  elements.copy(document, 4)
  // Header (length, request, response to, OP_MSG), flags, and a section of kind 0: the document.
  const message = Buffer.alloc(16 + 4 + 1 + document.length)
  message.writeInt32LE(message.length, 0)
  message.writeInt32LE(1, 4)
  message.writeInt32LE(2013, 12)
  document.copy(message, 21)
  return message
}
