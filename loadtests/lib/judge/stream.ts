/** A message as a receiver has it. */
export interface Heard {
  messageId: string
  conversationId: string
  seq: number
  /** What the sender called it. */
  id: string | undefined
  senderId: string
  content: string
}

/** Whom the messages of a stream are for, and since when. */
interface Membership {
  /** Milliseconds since 1970. */
  from: number
  until: number
}

/** A message that was sent, and what became of it. */
export interface Sent {
  id: string
  stream: Stream
  /** The device that sent it. */
  sender: string
  senderId: string
  content: string
  /** Milliseconds since 1970. */
  at: number
  /** By which of the sender's connections it went out: only one keeps the order of what it carries. */
  lane: string
  /** Its place among the messages of this lane in the stream, from 1. */
  number: number
  attempts: number
  /** When its acknowledgement arrived, milliseconds since 1970. */
  ackedAt: number | undefined
  outcome: 'waiting' | 'acked' | 'refused' | 'unanswered'
  /** As the acknowledgement or the first delivery tells it. */
  seq: number | undefined
  messageId: string | undefined
  /** Devices that must hear it and have not yet. */
  awaited: Set<string>
  heardLive: Set<string>
  heardBySync: Set<string>
}

/** What one device has heard of a stream, live. */
interface Inbox {
  highestSeq: number
  /** By lane: the highest number heard. */
  highestNumber: Map<string, number>
}

/** One conversation as its judge sees it. A device is one connection; one user may have several. */
export class Stream {
  readonly name: string
  /** Whether the sending device hears its own messages too, as in a group's room. */
  readonly echoes: boolean
  readonly sent: Sent[] = []
  readonly bySeq = new Map<number, Sent>()
  /** As the server calls it; known from the first acknowledgement on. */
  conversationId: string | undefined
  readonly #members = new Map<string, Membership>()
  readonly #inboxes = new Map<string, Inbox>()
  /** By lane. */
  readonly #sentBy = new Map<string, number>()

  constructor(name: string, echoes: boolean) {
    this.name = name
    this.echoes = echoes
  }

  join(device: string, at: number): void {
    this.#members.set(device, { from: at, until: Number.POSITIVE_INFINITY })
  }

  leave(device: string, at: number): void {
    const membership = this.#members.get(device)
    if (membership) membership.until = at
  }

  devices(): string[] {
    return [...this.#members].filter(([, { until }]) => until === Number.POSITIVE_INFINITY).map(([d]) => d)
  }

  /** Who must hear a message sent at a moment. */
  receivers(sender: string, at: number): Set<string> {
    const receivers = new Set<string>()
    for (const [device, { from, until }] of this.#members) {
      if (from <= at && at < until && (this.echoes || device !== sender)) receivers.add(device)
    }
    return receivers
  }

  /** Whether a device may hear a message sent at a moment, `graceMs` after it left at the latest. */
  mayHear(device: string, sent: Sent, graceMs: number): boolean {
    const membership = this.#members.get(device)
    return membership !== undefined && sent.at <= membership.until + graceMs
  }

  /** Whether a device hears what it has sent itself, and need not. */
  isOwn(device: string, sent: Sent): boolean {
    return device === sent.sender && !this.echoes
  }

  nextNumber(lane: string): number {
    const number = (this.#sentBy.get(lane) ?? 0) + 1
    this.#sentBy.set(lane, number)
    return number
  }

  inbox(device: string): Inbox {
    let inbox = this.#inboxes.get(device)
    if (!inbox) {
      inbox = { highestSeq: 0, highestNumber: new Map() }
      this.#inboxes.set(device, inbox)
    }
    return inbox
  }
}
