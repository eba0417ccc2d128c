/**
 * Packets of Engine.IO 4 with Socket.IO 5 inside, as text frames. Pure: no transport, no k6.
 * https://socket.io/docs/v4/engine-io-protocol/ and https://socket.io/docs/v4/socket-io-protocol/
 */

/** What a server says of a session when it opens. */
export interface Handshake {
  sid: string
  /** Milliseconds between two pings of the server. */
  pingIntervalMs: number
  /** Milliseconds that a pong may take. */
  pingTimeoutMs: number
}

export type Packet =
  | ({ type: 'open' } & Handshake)
  | { type: 'close' | 'ping' | 'pong' | 'noop' }
  | { type: 'connect'; namespace: string; sid: string }
  | { type: 'disconnect'; namespace: string }
  | { type: 'connect_error'; namespace: string; message: string; data: unknown }
  | { type: 'event'; namespace: string; name: string; args: unknown[]; ackId: number | undefined }
  | { type: 'ack'; namespace: string; ackId: number; args: unknown[] }

/** A frame that is none of the protocol, or of a part of it that is not spoken here. */
export class PacketError extends Error {
  override readonly name = 'PacketError'
}

const controls = { '1': 'close', '2': 'ping', '3': 'pong', '6': 'noop' } as const

/** @throws {PacketError} */
export function decodePacket(frame: string): Packet {
  const kind = frame[0] ?? ''
  if (kind === '4') return decodeMessage(frame)
  if (kind === '0') {
    const { sid, pingInterval, pingTimeout } = asObject(parse(frame.slice(1), frame))
    return {
      type: 'open',
      sid: String(sid),
      pingIntervalMs: Number(pingInterval),
      pingTimeoutMs: Number(pingTimeout),
    }
  }
  if (kind in controls) return { type: controls[kind as keyof typeof controls] }
  throw new PacketError(`not an Engine.IO packet: ${shown(frame)}`)
}

/** `4<type>[/namespace,][ack id][JSON]` */
function decodeMessage(frame: string): Packet {
  const type = frame[1]
  if (type === '5' || type === '6')
    throw new PacketError(`binary attachments are not spoken here: ${shown(frame)}`)
  let at = 2
  let namespace = '/'
  if (frame[at] === '/') {
    const comma = frame.indexOf(',', at)
    const end = comma === -1 ? frame.length : comma
    namespace = frame.slice(at, end)
    at = end + 1
  }
  const idStart = at
  while (at < frame.length && isDigit(frame.charCodeAt(at))) at++
  const ackId = at > idStart ? Number(frame.slice(idStart, at)) : undefined
  const body = at < frame.length ? parse(frame.slice(at), frame) : undefined
  switch (type) {
    case '0':
      return { type: 'connect', namespace, sid: String(asObject(body).sid) }
    case '1':
      return { type: 'disconnect', namespace }
    case '2': {
      if (!Array.isArray(body) || body.length === 0) throw new PacketError(`no event: ${shown(frame)}`)
      const [name, ...args] = body as unknown[]
      return { type: 'event', namespace, name: String(name), args, ackId }
    }
    case '3':
      if (!Array.isArray(body) || ackId === undefined)
        throw new PacketError(`no acknowledgement: ${shown(frame)}`)
      return { type: 'ack', namespace, ackId, args: body }
    case '4': {
      const { message, data } = typeof body === 'string' ? { message: body, data: undefined } : asObject(body)
      return { type: 'connect_error', namespace, message: String(message), data }
    }
    default:
      throw new PacketError(`not a Socket.IO packet: ${shown(frame)}`)
  }
}

export const pong = '3'

export function encodeConnect(namespace: string, auth: unknown): string {
  return `40${prefix(namespace)}${auth === undefined ? '' : JSON.stringify(auth)}`
}

export function encodeDisconnect(namespace: string): string {
  return `41${prefix(namespace)}`
}

export function encodeEvent(
  namespace: string,
  name: string,
  args: readonly unknown[],
  ackId?: number,
): string {
  return `42${prefix(namespace)}${ackId ?? ''}${JSON.stringify([name, ...args])}`
}

export function encodeAck(namespace: string, ackId: number, args: readonly unknown[]): string {
  return `43${prefix(namespace)}${ackId}${JSON.stringify(args)}`
}

function prefix(namespace: string): string {
  return namespace === '/' ? '' : `${namespace},`
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function parse(json: string, frame: string): unknown {
  try {
    return JSON.parse(json)
  } catch (cause) {
    throw new PacketError(`not JSON: ${shown(frame)}`, { cause })
  }
}

function asObject(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  throw new PacketError(`an object was expected, not ${shown(JSON.stringify(value) ?? 'nothing')}`)
}

function shown(frame: string): string {
  return frame.length > 80 ? `${frame.slice(0, 80)}…` : frame
}
