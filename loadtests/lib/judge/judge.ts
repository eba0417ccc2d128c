import { type Fault, faultNames, type JudgeSink } from './faults.ts'
import { checkHistory, checkNumbering } from './history-check.ts'
import { type Heard, type Sent, Stream } from './stream.ts'

export interface Missing {
  device: string
  stream: Stream
}

/**
 * Compares what was sent with what was heard. Pure: it is told of everything, and never asks a clock or a network, so
 * that it can be judged itself. Everything it finds goes to the sink at once; `conclude` finds what is missing.
 */
export class Judge {
  readonly found: Record<Fault, number>
  readonly #sink: JudgeSink
  readonly #leaveGraceMs: number
  readonly #streams = new Map<string, Stream>()
  readonly #sent = new Map<string, Sent>()
  #awaited = 0
  #unanswered = 0

  /** @param leaveGraceMs how long one who left may still hear, milliseconds */
  constructor(sink: JudgeSink, leaveGraceMs = 1_000) {
    this.#sink = sink
    this.#leaveGraceMs = leaveGraceMs
    this.found = Object.fromEntries(faultNames.map((name) => [name, 0])) as Record<Fault, number>
  }

  /** Deliveries that must come and have not. */
  get awaited(): number {
    return this.#awaited
  }

  /** Sends that have no answer of any kind yet. */
  get waitingForAck(): number {
    return this.#unanswered
  }

  get streams(): Iterable<Stream> {
    return this.#streams.values()
  }

  /** @param echoes whether the sending device hears its own messages */
  open(name: string, devices: readonly string[], { echoes = false, at = 0 } = {}): Stream {
    const stream = new Stream(name, echoes)
    for (const device of devices) stream.join(device, at)
    this.#streams.set(name, stream)
    return stream
  }

  /** @param message.connection which of the sender's connections it goes out by, where there have been several */
  sent(
    stream: Stream,
    message: {
      id: string
      sender: string
      senderId: string
      content: string
      at: number
      connection?: number
    },
  ): void {
    const lane = `${message.sender}/${message.connection ?? 0}`
    const sent: Sent = {
      ...message,
      stream,
      lane,
      number: stream.nextNumber(lane),
      attempts: 1,
      ackedAt: undefined,
      outcome: 'waiting',
      seq: undefined,
      messageId: undefined,
      awaited: stream.receivers(message.sender, message.at),
      heardLive: new Set(),
      heardBySync: new Set(),
    }
    stream.sent.push(sent)
    this.#sent.set(message.id, sent)
    this.#awaited += sent.awaited.size
    this.#unanswered++
    this.#sink.sent()
  }

  /**
   * An attempt has failed, and the same message is sent once more: copies of it are no fault from now on, nor that its sender
   * hears it.
   */
  retried(id: string): void {
    this.#get(id).attempts++
  }

  acked(id: string, ack: { messageId: string; conversationId: string; seq: number }, at: number): void {
    const sent = this.#get(id)
    if (sent.outcome === 'waiting') this.#unanswered--
    sent.outcome = 'acked'
    sent.ackedAt ??= at
    sent.stream.conversationId ??= ack.conversationId
    if (ack.conversationId !== sent.stream.conversationId)
      this.#fault('altered', `${id} went to ${ack.conversationId}, not ${sent.stream.conversationId}`)
    this.#identify(sent, ack)
    this.#sink.acked(at - sent.at)
  }

  /** @param mayBeThere the server says that it could not do it now: it may have done it all the same */
  refused(id: string, why: string, { mayBeThere = false } = {}): void {
    this.#settleWithout(id, mayBeThere ? 'unanswered' : 'refused')
    this.#fault('refused', `${id}: ${why}`)
  }

  /** No acknowledgement came, and none is waited for any more. It may have been sent or not. */
  unanswered(id: string): void {
    this.#settleWithout(id, 'unanswered')
    this.#fault('unanswered', id)
  }

  /** @param via `sync` for what was asked for */
  heard(device: string, message: Heard, at: number, via: 'live' | 'sync' = 'live'): void {
    const sent = message.id === undefined ? undefined : this.#sent.get(message.id)
    if (!sent?.stream.mayHear(device, sent, this.#leaveGraceMs)) {
      this.#fault('leaked', `${device} heard ${message.id ?? message.messageId} of ${message.senderId}`)
      return
    }
    this.#compare(sent, message)
    if (sent.stream.isOwn(device, sent)) {
      // It came back by another connection, which is another device to the server; that is told what the first one sent.
      if (via === 'live' && sent.attempts === 1) this.#fault('leaked', `${device} heard ${sent.id}, its own`)
      return
    }
    if (via === 'sync') sent.heardBySync.add(device)
    else if (sent.heardLive.has(device)) this.#heardAgain(device, sent)
    else {
      sent.heardLive.add(device)
      if (sent.heardBySync.has(device)) this.#sink.repeated()
      else this.#sink.delivered(at - sent.at)
      this.#checkOrder(device, sent, message.seq)
    }
    if (sent.awaited.delete(device)) this.#awaited--
  }

  /** Whether everybody who must hear a message has. */
  isHeardByAll(id: string): boolean {
    return this.#get(id).awaited.size === 0
  }

  /** How many of these messages had been sent and were not acknowledged yet, at the busiest moment, and when the first one was. */
  inFlight(ids: readonly string[]): { most: number; firstAckAt: number | undefined } {
    const sent = ids.map((id) => this.#get(id))
    const acks = sent.flatMap(({ ackedAt }) => ackedAt ?? []).sort((a, b) => a - b)
    let acked = 0
    let most = 0
    for (const [i, at] of sent
      .map((one) => one.at)
      .sort((a, b) => a - b)
      .entries()) {
      while ((acks[acked] ?? Number.POSITIVE_INFINITY) <= at) acked++
      most = Math.max(most, i + 1 - acked)
    }
    return { most, firstAckAt: acks[0] }
  }

  /** Who has not heard everything that was acknowledged: they should ask. */
  missing(): Missing[] {
    const missing: Missing[] = []
    for (const stream of this.#streams.values()) {
      const devices = new Set(stream.sent.filter(isAcked).flatMap((sent) => [...sent.awaited]))
      for (const device of devices) missing.push({ device, stream })
    }
    return missing
  }

  /** The whole history of a stream as the server has it: must hold what was acknowledged, once, in one order. */
  history(stream: Stream, messages: readonly Heard[]): void {
    for (const message of messages) {
      const sent = message.id === undefined ? undefined : this.#sent.get(message.id)
      if (sent?.stream === stream) this.#compare(sent, message)
      else this.#fault('leaked', `${message.id ?? message.messageId} stands in ${stream.name}`)
    }
    checkHistory(stream, messages, (fault, detail) => this.#fault(fault, detail))
  }

  /**
   * To be called once, after all were given the time and asked. With `live`, a message that only asking brought is a
   * fault. `unasked`: those of `missing()` who got no answer; of what they lack nothing is known.
   */
  conclude({ live = true, unasked = [] as readonly Missing[] } = {}): Record<Fault, number> {
    const isUnasked = (device: string, stream: Stream) =>
      unasked.some((one) => one.device === device && one.stream === stream)
    for (const sent of this.#sent.values()) {
      if (sent.outcome === 'waiting') this.unanswered(sent.id)
      if (!isAcked(sent)) continue
      for (const device of sent.awaited) {
        if (!isUnasked(device, sent.stream)) this.#fault('lost', `${sent.id}: ${device} never got it`)
      }
      if (!live) continue
      for (const device of sent.heardBySync) {
        if (!sent.heardLive.has(device)) this.#fault('missed_live', `${sent.id}: ${device} had to ask for it`)
      }
    }
    for (const stream of this.#streams.values()) {
      checkNumbering(stream, (fault, detail) => this.#fault(fault, detail))
    }
    return this.found
  }

  #heardAgain(device: string, sent: Sent): void {
    if (sent.attempts > 1) this.#sink.repeated()
    else this.#fault('doubled', `${device} heard ${sent.id} again`)
  }

  #checkOrder(device: string, { stream, sender, lane, number, attempts, id }: Sent, seq: number): void {
    const inbox = stream.inbox(device)
    const last = inbox.highestNumber.get(lane) ?? 0
    if (number > last) inbox.highestNumber.set(lane, number)
    // A retry follows what was sent after its first attempt.
    else if (attempts === 1) this.#fault('reordered', `${device} heard ${id} after a later one of ${sender}`)
    if (seq > inbox.highestSeq) inbox.highestSeq = seq
    else if (number > last) this.#sink.overtaken()
  }

  /** A message has one id and one place, whoever tells of it. */
  #identify(sent: Sent, { messageId, seq }: { messageId: string; seq: number }): void {
    sent.messageId ??= messageId
    sent.seq ??= seq
    if (sent.messageId !== messageId)
      this.#fault('doubled', `${sent.id} is ${sent.messageId} and ${messageId}`)
    else if (sent.seq !== seq) this.#fault('misnumbered', `${sent.id} has seq ${sent.seq} and ${seq}`)
    const other = sent.stream.bySeq.get(seq)
    if (!other) sent.stream.bySeq.set(seq, sent)
    else if (other !== sent) this.#fault('misnumbered', `${sent.id} and ${other.id} have seq ${seq}`)
  }

  #compare(sent: Sent, message: Heard): void {
    this.#identify(sent, message)
    if (message.content !== sent.content) this.#fault('altered', `${sent.id} has another content`)
    if (message.senderId !== sent.senderId)
      this.#fault('altered', `${sent.id} is said to be of ${message.senderId}`)
  }

  #settleWithout(id: string, outcome: 'refused' | 'unanswered'): void {
    const sent = this.#get(id)
    if (sent.outcome === 'waiting') this.#unanswered--
    sent.outcome = outcome
    this.#awaited -= sent.awaited.size
    sent.awaited.clear()
  }

  #fault(fault: Fault, detail: string): void {
    this.found[fault]++
    this.#sink.fault(fault, detail)
  }

  #get(id: string): Sent {
    const sent = this.#sent.get(id)
    if (!sent) throw new Error(`nothing was sent as ${id}`)
    return sent
  }
}

function isAcked({ outcome }: Sent): boolean {
  return outcome === 'acked'
}
