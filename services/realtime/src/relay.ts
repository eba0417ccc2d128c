import type { ServerEventName, ServerPayload } from '@earshot/protocol'
import type { Namespace, Socket } from 'socket.io'
import { audioFrame, bytesFrame, type Frame, textBytesIn, textFrame } from './text-frame.ts'

type Publish = (channel: string, head: string, text: string | Buffer) => void

/** What is used here of the adapter beyond its types. */
interface RawAdapter {
  rooms: Map<string, Set<string>>
  onRawMessage: (message: Buffer, channel: Buffer) => void
}

/** Text, or a frame, where it is long; made when somebody is to hear it. */
type Told = { text: string; frame?: undefined } | { text?: undefined; frame: () => Frame }

/** Of Engine.IO: what `Adapter.broadcast` of Socket.IO writes by, too. */
interface Connection {
  transport: { name: string }
  write: (text: string | undefined, options: object) => void
}

/** The adapter's own messages begin with `{`, or as MessagePack does. */
const mark = 0x01
const uidLength = 16
/** So much is made bytes once, for all who are told, here and elsewhere; less is cheaper as text. */
const bytesFromChars = 8_192
const syncRequired = `2${JSON.stringify(['sync_required', { reason: 'something may have been missed' }])}`

/**
 * Tells the sockets of one room, on all nodes, the way the adapter does and through its channels, for less: an event is made text
 * once, on the node where it happens, and nowhere read again; a frame is made once a node, for all of its sockets; and nobody
 * here waits for Redis to hear it. The adapter makes text of it for Redis and again for its own sockets, whether there are any or not,
 * and on each node objects of the text, to make the same text of them.
 *
 * Between nodes: the mark, 16 characters that name the sender, the length of a socket's id (one character) and the id, or length 0,
 * and the Socket.IO packet.
 */
export class Relay {
  readonly #uid: string
  /** What other nodes hear a room by. */
  readonly channelOf: (room: string) => string
  /** Where the room begins in the name of a channel. */
  readonly #roomAt: number
  readonly #publish: Publish
  readonly #namespace: () => Namespace
  #last: { event: string; payload: object; told: Told } | undefined

  constructor(deps: { uid: string; channelPrefix: string; publish: Publish; namespace: () => Namespace }) {
    if (deps.uid.length !== uidLength) throw new RangeError(`${uidLength} characters name a node`)
    this.#uid = deps.uid
    this.channelOf = (room) => `${deps.channelPrefix}#/#${room}#`
    this.#roomAt = Buffer.byteLength(`${deps.channelPrefix}#/#`)
    this.#publish = deps.publish
    this.#namespace = deps.namespace
  }

  /**
   * The payload is not changed after this call.
   * @param options.isHereOnly no other node is told
   * @param options.hereAfter this node's sockets are told only then
   * @param options.audio what `voiceMessage.url` ends with, in base64
   */
  tell<E extends ServerEventName>(
    room: string,
    event: E,
    payload: ServerPayload<E>,
    {
      exceptId = '',
      isHereOnly = false,
      hereAfter,
      audio,
    }: {
      exceptId?: string | undefined
      isHereOnly?: boolean | undefined
      hereAfter?: Promise<void> | undefined
      audio?: Buffer | undefined
    } = {},
  ): void {
    const told = this.#toldAs(event, payload as object, audio)
    if (!isHereOnly) {
      this.#publish(
        this.channelOf(room),
        this.#head(exceptId),
        told.frame ? textBytesIn(told.frame()) : told.text,
      )
    }
    const deliver = () => this.#deliver(room, exceptId, told)
    if (hereAfter) void hereAfter.then(deliver)
    else deliver()
  }

  /** Has sockets of other nodes told that they may have missed something in a room. */
  askToSync(channel: string): void {
    this.#publish(channel, this.#head(''), syncRequired)
  }

  /** Whether this node listens to a room. */
  isHeld(room: string): boolean {
    return this.#namespace().adapter.rooms.has(room)
  }

  /** The same for the sockets of this node alone, but these. */
  tellHere<E extends ServerEventName>(
    room: string,
    event: E,
    payload: ServerPayload<E>,
    exceptIds: ReadonlySet<string> | '' = '',
  ): void {
    if (!this.isHeld(room)) return
    this.#deliver(room, exceptIds, this.#toldAs(event, payload as object))
  }

  /** Puts itself before the adapter: what is a relay's is delivered, all else is the adapter's. */
  listen(adapter: unknown): void {
    const raw = adapter as RawAdapter
    const others = raw.onRawMessage
    raw.onRawMessage = (message, channel) => {
      if (message[0] === mark) this.#take(message, channel)
      else others.call(raw, message, channel)
    }
  }

  #head(exceptId: string): string {
    return `${String.fromCharCode(mark)}${this.#uid}${String.fromCharCode(exceptId.length)}${exceptId}`
  }

  #take(message: Buffer, channel: Buffer): void {
    if (message.toString('latin1', 1, 1 + uidLength) === this.#uid) return
    const idAt = uidLength + 2
    const textAt = idAt + (message[idAt - 1] ?? 0)
    const exceptId = message.toString('latin1', idAt, textAt)
    const room = channel.toString('utf8', this.#roomAt, channel.length - 1)
    this.#deliver(room, exceptId, { frame: () => bytesFrame(message.subarray(textAt)) })
  }

  /** A message to two people is told twice: its text is made once. */
  #toldAs(event: string, payload: object, audio?: Buffer): Told {
    if (this.#last?.payload === payload && this.#last.event === event) return this.#last.told
    const text = `2${JSON.stringify([event, payload])}`
    const isLong = audio !== undefined || text.length >= bytesFromChars
    const told = isLong ? { frame: longFrame(text, payload, audio) } : { text }
    this.#last = { event, payload, told }
    return told
  }

  /** @param except sockets that are not told: one by its id, '' for none, or several */
  #deliver(room: string, except: string | ReadonlySet<string>, told: Told): void {
    const { adapter, sockets } = this.#namespace()
    const ids = adapter.rooms.get(room)
    const isOut = (id: string) => (typeof except === 'string' ? id === except : except.has(id))
    if (!ids || (ids.size === 1 && ids.values().every(isOut))) return
    const frame = told.frame ? told.frame() : textFrame(told.text)
    const options = { preEncoded: true, wsPreEncodedFrame: Array.isArray(frame) ? frame : [frame] }
    let known = told.text
    for (const id of ids) {
      const socket = isOut(id) ? undefined : sockets.get(id)
      if (!socket) continue
      const connection = connectionOf(socket)
      // Only long polling sends text; who is there by a WebSocket does not go back.
      if (connection.transport.name !== 'websocket') known ??= textIn(frame)
      connection.write(known, options)
    }
  }
}

function connectionOf(socket: Socket): Connection {
  return socket.conn as unknown as Connection
}

/** The text in a frame of `text-frame`. */
function textIn(frame: Frame): string {
  return textBytesIn(frame).toString('utf8')
}

/** A frame of a payload whose `voiceMessage.url` these bytes end. */
function withAudio(
  text: string,
  { voiceMessage }: { voiceMessage?: { url: string } },
  audio: Buffer,
): Buffer {
  // Quotes in what somebody wrote are not bare in JSON: this is found nowhere but where it is meant.
  const member = `"url":${JSON.stringify(voiceMessage?.url)}`
  const at = text.indexOf(member)
  if (at < 0) throw new Error('there is no url that the audio could end')
  const end = at + member.length - 1
  return audioFrame(text.slice(0, end), audio, text.slice(end))
}

/** Made once, for all who hear it. */
function longFrame(text: string, payload: object, audio: Buffer | undefined): () => Frame {
  let frame: Frame | undefined
  return () => {
    frame ??= audio ? withAudio(text, payload, audio) : textFrame(text)
    return frame
  }
}
