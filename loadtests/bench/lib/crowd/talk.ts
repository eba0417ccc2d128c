import { setTimeout as wait } from 'node:timers/promises'
import { numbered } from './clips.ts'
import type { LeanSocket } from './lean-socket.ts'
import type { Clip, Talked, TalkKind, TalkOrder } from './orders.ts'

export interface Member {
  userId: string
  url: string
  token: string
  socket: LeanSocket
}

/** What is said: as long as most messages are. */
const content = 'So far so good, and how are you getting on over there?'
const events: Record<TalkKind, { send: string; heard: string }> = {
  text: { send: 'message', heard: '42["new_message"' },
  voice: { send: 'voice_message', heard: '42["new_voice_message"' },
  group: { send: 'group_message', heard: '42["new_group_message"' },
}
/** Comes again when it has been made playable everywhere, with what was sent as `original`. */
const storedEvent = '42["voice_message_stored",{"messageId":"'
const paceMs = 4
/** Longer than anything takes that works, before the next thing happens. */
const patienceMs = 120_000

/** Messages that the members of one process send to each other, and what becomes of each. */
export class Talk {
  readonly #members: readonly Member[]
  readonly #order: TalkOrder
  readonly #sentAt: Float64Array
  readonly #latencies: Float64Array
  /** Bits: acknowledged, delivered. */
  readonly #done: Uint8Array
  readonly #ids: string[] = []
  /** Where each is, by its id. */
  readonly #stored = new Map<string, string>()
  readonly #over = Promise.withResolvers<void>()
  #sent = 0
  #acked = 0
  #delivered = 0
  #finished = 0
  #doubled = 0
  #altered = 0
  #startedAt = 0
  #endedAt = 0

  constructor(members: readonly Member[], order: TalkOrder) {
    this.#members = members
    this.#order = order
    this.#sentAt = new Float64Array(order.messages)
    this.#latencies = new Float64Array(order.messages)
    this.#done = new Uint8Array(order.messages)
    for (const { socket } of members) {
      socket.onFrame = (frame) => this.#take(frame)
      socket.onLost = (why) => this.#over.reject(new Error(why))
    }
    // It may be lost before it is waited for.
    this.#over.promise.catch(() => undefined)
  }

  /** @throws {Error} when a message is refused, a socket lost, or something does not arrive */
  async run(): Promise<Talked> {
    this.#startedAt = performance.now()
    const watchdog = this.#watch()
    try {
      this.#checkOver()
      await Promise.race([this.#sendAll(), this.#over.promise])
      await this.#over.promise
    } finally {
      clearInterval(watchdog)
    }
    return {
      sent: this.#sent,
      acked: this.#acked,
      delivered: this.#delivered,
      doubled: this.#doubled,
      altered: this.#altered,
      stored: this.#ids.filter((id) => this.#stored.has(id)).length,
      elapsedMs: this.#endedAt - this.#startedAt,
      latenciesMs: this.#order.kind === 'group' ? new Float64Array() : this.#latencies,
    }
  }

  /** Who may hear the message with this number, the id that it got, and where its audio is. */
  fetchable(n: number): { recipient: Member; messageId: string; url: string; audio: Buffer } {
    const { clip } = this.#order
    const messageId = this.#ids[n]
    if (!clip || messageId === undefined) throw new Error(`message ${n} has no audio`)
    const url = this.#stored.get(messageId) ?? ''
    return { recipient: this.#pair(n).recipient, messageId, url, audio: this.#audio(clip, n) }
  }

  #audio(clip: Clip, n: number): Buffer {
    return numbered(clip, (this.#order.firstNumber ?? 0) + n)
  }

  get messages(): number {
    return this.#order.messages
  }

  async #sendAll(): Promise<void> {
    const { messages, perSecond = Infinity, unfinished = Infinity } = this.#order
    while (this.#sent < messages) {
      const due = Math.min(messages, ((performance.now() - this.#startedAt) / 1_000) * perSecond)
      while (this.#sent < due && this.#sent - this.#finished < unfinished) this.#send(this.#sent++)
      if (this.#sent < messages) await wait(paceMs)
    }
  }

  #send(n: number): void {
    const { kind, run, groupId, clip } = this.#order
    const { sender, recipient } = this.#pair(n)
    const clientMessageId = `${run}-${n}`
    const { send } = events[kind]
    // The clock starts before anything is made: a large message takes a while.
    this.#sentAt[n] = performance.now()
    if (kind === 'group') {
      sender.socket.emit(n, send, { groupId, messageType: 'text', content, clientMessageId })
    } else if (clip) {
      const { mimeType, duration } = clip
      const audio = this.#audio(clip, n)
      const url = `data:${mimeType};base64,${audio.toString('base64')}`
      const voiceMessage = { url, duration, mimeType, size: audio.length }
      const said = { senderId: sender.userId, senderName: sender.userId, recipientId: recipient.userId }
      sender.socket.emit(n, send, { ...said, voiceMessage, clientMessageId })
    } else sender.socket.emit(n, send, { recipientId: recipient.userId, content, clientMessageId })
  }

  /** Neighbours, who take turns; in a group the sender is everybody's. */
  #pair(n: number): { sender: Member; recipient: Member } {
    const first =
      this.#order.kind === 'group' ? n % this.#members.length : 2 * (n % (this.#members.length / 2))
    const turn = this.#order.kind === 'group' ? 0 : Math.floor((2 * n) / this.#members.length) % 2
    const [a, b] = [this.#members[first], this.#members[first ^ 1]]
    if (!a || !b) throw new Error('a crowd has pairs')
    return turn === 0 ? { sender: a, recipient: b } : { sender: b, recipient: a }
  }

  #take(frame: Buffer): void {
    const head = frame.toString('latin1', 0, 70)
    if (head.startsWith('43')) this.#takeAck(frame, Number.parseInt(head.slice(2), 10))
    else if (head.startsWith(events[this.#order.kind].heard)) this.#takeMessage(frame)
    else if (head.startsWith(storedEvent)) {
      if (this.#order.until === 'prepared' && !frame.includes('"original":')) return
      const id = head.slice(storedEvent.length, head.indexOf('"', storedEvent.length))
      this.#stored.set(id, urlIn(frame))
      this.#checkOver()
    }
  }

  #takeAck(frame: Buffer, n: number): void {
    const [answer] = JSON.parse(frame.toString('utf8', frame.indexOf('['))) as [{ ok: boolean; _id: string }]
    if (!answer.ok) this.#over.reject(new Error(frame.toString()))
    this.#acked++
    if (this.#order.kind === 'voice') this.#ids[n] = answer._id
    this.#finish(n, 1)
  }

  #takeMessage(frame: Buffer): void {
    const { kind, run, clip } = this.#order
    if (kind === 'group') {
      this.#delivered++
      this.#checkOver()
      return
    }
    const mark = `"clientMessageId":"${run}-`
    const at = frame.indexOf(mark)
    // Of an earlier talk, told again.
    if (at < 0) return
    const n = Number.parseInt(frame.toString('latin1', at + mark.length, at + mark.length + 10), 10)
    if (((this.#done[n] ?? 0) & 2) !== 0) {
      this.#doubled++
      return
    }
    this.#latencies[n] = performance.now() - (this.#sentAt[n] ?? 0)
    this.#delivered++
    if (clip && !frame.includes(`;base64,${this.#audio(clip, n).toString('base64')}"`)) this.#altered++
    this.#finish(n, 2)
  }

  #finish(n: number, bit: 1 | 2): void {
    const before = this.#done[n] ?? 0
    this.#done[n] = before | bit
    const all = this.#order.kind === 'group' ? 1 : 3
    if (before !== all && (before | bit) === all) this.#finished++
    this.#checkOver()
  }

  #checkOver(): void {
    const { messages, deliveries = messages, until } = this.#order
    if (this.#acked < messages || this.#delivered < deliveries) return
    if (this.#endedAt === 0) this.#endedAt = performance.now()
    if (until && this.#stored.size < messages) return
    this.#over.resolve()
  }

  #watch(): NodeJS.Timeout {
    let before = this.#progress
    return setInterval(() => {
      const now = this.#progress
      if (now === before) this.#over.reject(new Error(`nothing more comes: ${now}`))
      before = now
    }, patienceMs)
  }

  get #progress(): string {
    const parts = [`${this.#sent} sent`, `${this.#acked} acknowledged`, `${this.#delivered} delivered`]
    return [...parts, `${this.#stored.size} stored`].join(', ')
  }
}

/** The first one in an event. */
function urlIn(frame: Buffer): string {
  const mark = '"url":"'
  const at = frame.indexOf(mark) + mark.length
  return frame.toString('latin1', at, frame.indexOf('"', at))
}
