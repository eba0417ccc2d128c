import type { CodedError, SendAck, SendGroupMessage, SendMessage } from '@earshot/protocol'
import { isRetryable, type RetryPolicy, retryDelayMs } from '../retry.ts'
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
  inFlight: boolean
  resolve: (ack: SendAck) => void
  reject: (error: unknown) => void
}

/**
 * What was said and is not acknowledged yet. A lane for each conversation: its messages are sent one after the other,
 * each until the server has taken or refused it, so that they arrive in the order in which they were written.
 */
export class Outbox {
  readonly #storage: OutboxStorage
  readonly #deliver: (item: OutboxItem) => Promise<SendAck>
  readonly #retry: RetryPolicy
  readonly #emit: <E extends keyof OutboxEvents>(event: E, payload: OutboxEvents[E]) => void
  readonly #lanes = new Map<string, Entry[]>()
  readonly #pumps = new Set<string>()
  #wake = Promise.withResolvers<void>()
  #ended: CodedError | undefined
  #loading: Promise<void> | undefined

  constructor(deps: {
    storage: OutboxStorage
    /** One try. Rejects with a `CodedError`. */
    deliver: (item: OutboxItem) => Promise<SendAck>
    retry: RetryPolicy
    emit: <E extends keyof OutboxEvents>(event: E, payload: OutboxEvents[E]) => void
  }) {
    this.#storage = deps.storage
    this.#deliver = deps.deliver
    this.#retry = deps.retry
    this.#emit = deps.emit
  }

  /** In the order in which they will be sent, lane by lane. */
  get pending(): readonly OutboxItem[] {
    return [...this.#lanes.values()].flat().map(({ item }) => item)
  }

  /**
   * Resolves when the server has stored it, however long that takes. Rejects when the server refuses it, or when the
   * client is closed: then it is still in the storage, for the next time.
   */
  add(item: OutboxItem): Promise<SendAck> {
    if (this.#ended) return Promise.reject(this.#ended)
    const { entry, promise } = this.#entry(item)
    // In its place at once, so that order does not depend on how fast the storage is.
    this.#lane(item).push(entry)
    this.#changed()
    void this.#keep(item).then(() => this.#pump(item))
    return promise
  }

  /** Takes a message out that is not on its way. Returns false when it is too late. */
  async cancel(clientMessageId: string): Promise<boolean> {
    for (const lane of this.#lanes.values()) {
      const at = lane.findIndex(({ item }) => item.clientMessageId === clientMessageId)
      const entry = lane[at]
      if (!entry) continue
      if (entry.inFlight) return false
      lane.splice(at, 1)
      this.#changed()
      await this.#drop(entry.item)
      return true
    }
    return false
  }

  /** Takes in what an earlier life of the program left behind: also without a connection it is known what waits. */
  restore(): void {
    this.#ended = undefined
    this.#loading ??= this.#load()
  }

  /** Sends what waits. Called whenever a connection stands. */
  resume(): void {
    this.restore()
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
    for (const lane of this.#lanes.values()) if (lane[0]) void this.#pump(lane[0].item)
  }

  /** Nothing is sent any more; who waits hears why. What the storage has stays there. */
  end(reason: CodedError): void {
    this.#ended = reason
    this.#wake.resolve()
    this.#loading = undefined
    const waiting = [...this.#lanes.values()].flat()
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
    const known = new Set(this.pending.map(({ clientMessageId }) => clientMessageId))
    const left = items.filter(({ clientMessageId }) => !known.has(clientMessageId))
    for (const item of left.reverse()) {
      const { entry, promise } = this.#entry(item)
      promise.catch(() => undefined) // told by `send_refused`
      // Older than all that was written since.
      const lane = this.#lane(item)
      lane.splice(lane[0]?.inFlight ? 1 : 0, 0, entry)
    }
    if (left.length === 0) return
    this.#changed()
    for (const item of left) void this.#pump(item)
  }

  /** One message of a lane at a time. */
  async #pump(of: OutboxItem): Promise<void> {
    const key = laneOf(of)
    if (this.#pumps.has(key)) return
    this.#pumps.add(key)
    // What is older goes first.
    await this.#loading
    const lane = this.#lane(of)
    for (let entry = lane[0]; entry && !this.#ended; entry = lane[0]) await this.#send(entry, lane)
    this.#pumps.delete(key)
    if (lane.length === 0 && this.#lanes.get(key) === lane) this.#lanes.delete(key)
  }

  async #send(entry: Entry, lane: Entry[]): Promise<void> {
    const { item } = entry
    for (let tries = 1; lane[0] === entry && !this.#ended; tries++) {
      entry.inFlight = true
      try {
        const ack = await this.#deliver(item)
        await this.#settle(entry, lane)
        this.#emit('sent', { item, ack })
        entry.resolve(ack)
        return
      } catch (error) {
        if (this.#ended) return
        if (!isRetryable(error)) {
          await this.#settle(entry, lane)
          this.#emit('send_refused', { item, error: error as CodedError })
          entry.reject(error)
          return
        }
        entry.inFlight = false
        await this.#pause(retryDelayMs(this.#retry, Math.min(tries, 20), error.retryAfterMs))
      }
    }
  }

  async #settle(entry: Entry, lane: Entry[]): Promise<void> {
    const at = lane.indexOf(entry)
    if (at >= 0) lane.splice(at, 1)
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

  #entry(item: OutboxItem): { entry: Entry; promise: Promise<SendAck> } {
    const { promise, resolve, reject } = Promise.withResolvers<SendAck>()
    return { entry: { item, inFlight: false, resolve, reject }, promise }
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

  /** A storage that fails (full, forbidden) must not keep a message from being sent. */
  async #keep(item: OutboxItem): Promise<void> {
    try {
      await this.#storage.put(item)
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

function laneOf({ payload }: OutboxItem): string {
  const { groupId } = payload as Partial<SendGroupMessage>
  return groupId === undefined ? `user:${(payload as SendMessage).recipientId}` : `group:${groupId}`
}
