import type { WireError } from '@earshot/protocol'

/** A moment of the record. All that is recorded happens in one process: `index` is one order of everything. */
export interface Stamp {
  index: number
  /** Milliseconds since the record began. */
  ms: number
}

/** Which socket of which device, and where it leads. */
export interface Line {
  user: string
  device: string
  /** Counts the device's connections. */
  connection: number
  node: number
}

/** An event that a socket heard. */
export interface Heard extends Line {
  kind: 'heard'
  at: Stamp
  event: string
  payload: unknown
}

export type Answer = ({ ok: true } & Record<string, unknown>) | { ok: false; error: WireError }

/** Something that was asked for: an event with its ack, or an HTTP request. */
export interface Call extends Line {
  kind: 'call'
  at: Stamp
  /** The event's name, or method and route. */
  name: string
  payload: unknown
  /** Missing: no answer came, nobody knows whether it took effect. */
  end?: Stamp
  answer?: Answer
}

export interface Link extends Line {
  kind: 'link'
  at: Stamp
  state: 'up' | 'down'
  reason: string
}

/** A look into MongoDB: was a message there when a client had just learned of it? */
export interface Probe {
  kind: 'probe'
  at: Stamp
  messageId: string
  because: 'acked' | 'heard'
  isStored: boolean
}

/** What was done to the servers, and where the run has got to. */
export interface Mark {
  kind: 'mark'
  at: Stamp
  name: string
  detail: string
}

export type Entry = Heard | Call | Link | Probe | Mark

type Draft<E extends Entry> = E extends Entry ? Omit<E, 'at'> : never

/** All that was done and seen in one round, in order. */
export class Recorder {
  readonly entries: Entry[] = []
  readonly #startedAt = performance.now()
  #index = 0

  stamp(): Stamp {
    return { index: this.#index++, ms: performance.now() - this.#startedAt }
  }

  add<E extends Entry>(draft: Draft<E>): E {
    const entry = { at: this.stamp(), ...draft } as unknown as E
    this.entries.push(entry)
    return entry
  }

  mark(name: string, detail = ''): Mark {
    return this.add<Mark>({ kind: 'mark', name, detail })
  }

  /** Records a call around whatever makes it; a failure to get an answer is an answer that is missing. */
  async call(line: Line, name: string, payload: unknown, make: () => Promise<Answer>): Promise<Call> {
    const call = this.add<Call>({ kind: 'call', ...line, name, payload })
    try {
      call.answer = await make()
      call.end = this.stamp()
    } catch (error) {
      this.mark(
        'no answer',
        `${line.device} ${name}: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
    return call
  }
}
