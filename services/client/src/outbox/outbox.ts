import {
  CodedError,
  errorTable,
  type SendAck,
  type SendGroupMessage,
  type SendMessage,
} from '@earshot/protocol'
import { type RetryPolicy, retryDelayMs } from '../retry.ts'
import type { OutboxItem, OutboxStorage } from './outbox-storage.ts'

export interface OutboxEvents {
  /** Something was added, sent, refused or taken out. */
  outbox_changed: { pending: readonly OutboxItem[] }
  sent: { item: OutboxItem; ack: SendAck }
  /** It can never succeed; it is no longer in the outbox. */
  send_refused: { item: OutboxItem; error: CodedError }
}

interface Entry {
  item: OutboxItem
  /** `unsure`: it was tried, and whether the server has it is not known. */
  state: 'waiting' | 'trying' | 'unsure'
  /** Found in the storage: an earlier life of the program wrote it, or another client that shares the storage. */
  isFound: boolean
  /** The storage has it, unless another client that shares it has taken it out. */
  isKept: boolean
  resolve: (ack: SendAck) => void
  reject: (error: unknown) => void
}

/**
 * What was said and is not acknowledged yet. A lane for each conversation: its messages are sent one after the other,
 * each until the server has taken or refused it, so that they arrive in the order in which they were written.
 */
export class Outbox {
  readonly #storage: OutboxStorage
  readonly #ready: () => Promise<void>
  readonly #deliver: (item: OutboxItem) => Promise<SendAck>
  readonly #retry: RetryPolicy
  readonly #emit: <E extends keyof OutboxEvents>(event: E, payload: OutboxEvents[E]) => void
  readonly #lanes = new Map<string, Entry[]>()
  readonly #pumps = new WeakSet<Entry[]>()
  #wake = Promise.withResolvers<void>()
  #ended: CodedError | undefined
  #loading: Promise<void> | undefined

  constructor(deps: {
    storage: OutboxStorage
    /** Waits for a connection. Rejects when there will be none. */
    ready: () => Promise<void>
    /** One try. Rejects with a `CodedError`. */
    deliver: (item: OutboxItem) => Promise<SendAck>
    retry: RetryPolicy
    emit: <E extends keyof OutboxEvents>(event: E, payload: OutboxEvents[E]) => void
  }) {
    this.#storage = deps.storage
    this.#ready = deps.ready
    this.#deliver = deps.deliver
    this.#retry = deps.retry
    this.#emit = deps.emit
  }

  /** In the order in which they will be sent, lane by lane. */
  get pending(): readonly OutboxItem[] {
    return [...this.#lanes.values()].flat().map(({ item }) => item)
  }

  /**
   * Resolves when the server has stored it, however long that takes. Rejects when the server refuses it, when it is taken
   * back (`AbortError`), or when the client ends: then it is still in the storage, for the next time.
   */
  add(item: OutboxItem): Promise<SendAck> {
    if (this.#ended) return Promise.reject(this.#ended)
    const { entry, promise } = newEntry(item, false)
    // In its place at once, so that order does not depend on how fast the storage is.
    const lane = this.#lane(item)
    lane.push(entry)
    this.#changed()
    void this.#keep(entry).then(() => this.#pump(lane))
    return promise
  }

  /** Takes a message out that the server cannot have. Returns false when it is too late. */
  async cancel(clientMessageId: string): Promise<boolean> {
    for (const lane of this.#lanes.values()) {
      const entry = lane.find(({ item }) => item.clientMessageId === clientMessageId)
      if (!entry) continue
      if (entry.state !== 'waiting' || !(await this.#isHere(entry))) return false
      // It may have gone on its way while the storage was asked.
      if (entry.state !== 'waiting' || !lane.includes(entry)) return false
      remove(entry, lane)
      this.#changed()
      await this.#drop(entry.item)
      entry.reject(new DOMException('The message was taken back.', 'AbortError'))
      return true
    }
    return false
  }

  /** Takes in what an earlier life of the program left behind: also without a connection it is known what waits. */
  restore(): void {
    this.#ended = undefined
    this.#loading ??= this.#load()
  }

  /** Sends what waits. Called whenever a connection stands: also what another client left in the storage meanwhile. */
  resume(): void {
    this.#ended = undefined
    const before = this.#loading
    this.#loading = before ? before.then(() => this.#load()) : this.#load()
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
    for (const lane of this.#lanes.values()) void this.#pump(lane)
  }

  /** Nothing is sent any more; who waits hears why. What the storage has stays there. */
  end(reason: CodedError): void {
    this.#ended = reason
    this.#wake.resolve()
    this.#loading = undefined
    const waiting = [...this.#lanes.values()].flatMap((lane) => lane.splice(0))
    this.#lanes.clear()
    for (const { reject } of waiting) reject(reason)
  }

  async #load(): Promise<void> {
    let items: OutboxItem[]
    try {
      items = await this.#storage.load()
    } catch (error) {
      console.warn('Earshot: the outbox of before could not be read.', error)
      return
    }
    if (this.#ended) return
    const known = new Set(this.pending.map(({ clientMessageId }) => clientMessageId))
    const left = items.filter(({ clientMessageId }) => !known.has(clientMessageId))
    if (left.length === 0) return
    const places = new Map(items.map(({ clientMessageId }, place) => [clientMessageId, place]))
    for (const item of left) this.#takeIn(item, places)
    this.#changed()
    for (const item of left) void this.#pump(this.#lane(item))
  }

  /** Where the storage has it: before what was written later, by whomever. */
  #takeIn(item: OutboxItem, places: ReadonlyMap<string, number>): void {
    const { entry, promise } = newEntry(item, true)
    promise.catch(() => undefined) // told by `send_refused`
    const placeOf = ({ clientMessageId }: OutboxItem) => places.get(clientMessageId) ?? places.size
    const lane = this.#lane(item)
    const at = lane.findIndex((other) => other.state === 'waiting' && placeOf(other.item) > placeOf(item))
    lane.splice(at < 0 ? lane.length : at, 0, entry)
  }

  /** One message of a lane at a time. */
  async #pump(lane: Entry[]): Promise<void> {
    if (this.#pumps.has(lane)) return
    this.#pumps.add(lane)
    // What is older goes first.
    await this.#loading
    for (let entry = lane[0]; entry && !this.#ended; entry = lane[0]) await this.#send(entry, lane)
    this.#pumps.delete(lane)
    for (const [key, known] of this.#lanes) if (known === lane && lane.length === 0) this.#lanes.delete(key)
  }

  async #send(entry: Entry, lane: Entry[]): Promise<void> {
    for (let tries = 1; lane[0] === entry && !this.#ended; tries++) {
      try {
        await this.#ready()
        await this.#loading
        await this.#exclusively(entry.item, () => this.#try(entry, lane))
      } catch (error) {
        if (this.#ended) return
        if (!mayPass(error)) {
          await this.#settle(entry, lane)
          this.#emit('send_refused', { item: entry.item, error: error as CodedError })
          entry.reject(error)
          return
        }
        await this.#pause(retryDelayMs(this.#retry, Math.min(tries, 20), error.retryAfterMs))
      }
    }
  }

  async #try(entry: Entry, lane: Entry[]): Promise<void> {
    const { item, isFound } = entry
    if (isFound && !(await this.#stillWaits(item))) {
      remove(entry, lane)
      return this.#changed()
    }
    if (lane[0] !== entry || this.#ended) return
    entry.state = 'trying'
    let ack: SendAck
    try {
      ack = await this.#deliver(item)
    } catch (error) {
      entry.state = error instanceof CodedError && error.code === 'RATE_LIMITED' ? 'waiting' : 'unsure'
      throw error
    }
    await this.#settle(entry, lane)
    this.#emit('sent', { item, ack })
    entry.resolve(ack)
  }

  async #settle(entry: Entry, lane: Entry[]): Promise<void> {
    remove(entry, lane)
    await this.#drop(entry.item)
    this.#changed()
  }

  /** Until the time is over, or a new connection stands. */
  async #pause(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms)
    })
    await Promise.race([over, this.#wake.promise])
    clearTimeout(timer)
  }

  #lane(item: OutboxItem): Entry[] {
    const key = laneOf(item)
    const lane = this.#lanes.get(key) ?? []
    this.#lanes.set(key, lane)
    return lane
  }

  #changed(): void {
    this.#emit('outbox_changed', { pending: this.pending })
  }

  /** Locks that cannot be had must not keep a message from being sent either. */
  async #exclusively(item: OutboxItem, work: () => Promise<void>): Promise<void> {
    if (!this.#storage.exclusively) return work()
    let isBegun = false
    const begin = () => {
      isBegun = true
      return work()
    }
    try {
      await this.#storage.exclusively(laneOf(item), begin)
    } catch (error) {
      if (isBegun) throw error
      console.warn('Earshot: a lock for a message that waits to be sent could not be had.', error)
      await work()
    }
  }

  /** Whether no other client that shares the storage has sent it. */
  async #isHere({ item, isKept }: Entry): Promise<boolean> {
    return !isKept || this.#stillWaits(item)
  }

  async #stillWaits({ clientMessageId }: OutboxItem): Promise<boolean> {
    try {
      return (await this.#storage.has?.(clientMessageId)) ?? true
    } catch (error) {
      console.warn('Earshot: whether a message still waits could not be read.', error)
      return true
    }
  }

  /** A storage that fails (full, forbidden) must not keep a message from being sent. */
  async #keep(entry: Entry): Promise<void> {
    try {
      await this.#storage.put(entry.item)
      entry.isKept = true
    } catch (error) {
      console.warn('Earshot: a message that waits to be sent could not be kept.', error)
    }
  }

  async #drop(item: OutboxItem): Promise<void> {
    try {
      await this.#storage.remove(item.clientMessageId)
    } catch (error) {
      console.warn('Earshot: a message that was sent could not be taken out of the storage.', error)
    }
  }
}

function newEntry(item: OutboxItem, isFound: boolean): { entry: Entry; promise: Promise<SendAck> } {
  const { promise, resolve, reject } = Promise.withResolvers<SendAck>()
  return { entry: { item, state: 'waiting', isFound, isKept: isFound, resolve, reject }, promise }
}

function remove(entry: Entry, lane: Entry[]): void {
  const at = lane.indexOf(entry)
  if (at >= 0) lane.splice(at, 1)
}

/** A token that has expired is no reason to lose what was written: the next connection brings another. */
function mayPass(error: unknown): error is CodedError {
  return error instanceof CodedError && errorTable[error.code].retry !== 'never'
}

function laneOf({ payload }: OutboxItem): string {
  const { groupId } = payload as Partial<SendGroupMessage>
  return groupId === undefined ? `user:${(payload as SendMessage).recipientId}` : `group:${groupId}`
}
