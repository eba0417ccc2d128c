/** What a process of a crowd is asked to do, and what it answers. */
export type Order = ConnectOrder | PrepareOrder | { what: 'talk' } | FetchOrder | HashesOrder | CloseOrder

export interface ConnectOrder {
  what: 'connect'
  jwtSecret: string
  people: { userId: string; url: string }[]
  /** Rooms that comparison programs put them into. */
  groupIds: string[]
  /** Connections under way at the same time. */
  atOnce: number
}

export type TalkKind = 'text' | 'voice' | 'group'

/** Comes before the talk itself: who listens to it from the beginning misses nothing. */
export interface PrepareOrder {
  what: 'prepare'
  talk: TalkOrder
}

export interface TalkOrder {
  kind: TalkKind
  /** Unlike that of any other talk: part of each `clientMessageId`. */
  run: string
  /** Messages to send. Neighbours are pairs, each of whom writes in turn; in a group everybody does. */
  messages: number
  /** At an even pace; without it as fast as `unfinished` lets. */
  perSecond?: number
  /** Messages that may wait for their ack and their delivery at the same time. */
  unfinished?: number
  groupId?: string
  /** Deliveries in this process after which it is over, where they are not those of its own messages. */
  deliveries?: number
  /** A recording in which each message's number is put: see `clips.ts`. */
  clip?: Clip
  /** The first of these numbers; 0 unless given. */
  firstNumber?: number
  /** Over only when of each it has been told that its audio is stored, or that it has a form that plays everywhere. */
  until?: 'stored' | 'prepared'
}

/** Fetches the audio of some messages of the last talk by HTTP, as recipients, and compares. */
export interface FetchOrder {
  what: 'fetch'
  messages: number
}

/** Asks for the SHA-256 of what each message of the last talk carried, by the message's id. */
export interface HashesOrder {
  what: 'hashes'
}

export interface CloseOrder {
  what: 'close'
}

export interface Clip {
  bytes: Buffer
  /** Where the number is. */
  at: number
  mimeType: string
  /** Seconds. */
  duration: number
}

/** What became of the messages of a talk, or of the part of it that one process had. */
export interface Talked {
  sent: number
  acked: number
  delivered: number
  /** Delivered once more. */
  doubled: number
  /** Delivered with other audio than was sent. */
  altered: number
  /** Of which it was told what `until` says. */
  stored: number
  /** From the first message to the last delivery and ack, milliseconds. */
  elapsedMs: number
  /** From sending to having, milliseconds; none in a group. */
  latenciesMs: Float64Array
}

export interface Fetched {
  /** As they were sent, byte for byte. */
  same: number
  /** Other bytes, or none. */
  wrong: string[]
}
