import { callsFor } from '@earshot/core/clients/slots'
import { inSlices } from '@earshot/core/in-slices'
import type { Redis } from 'ioredis'

type Command = (...channels: string[]) => Promise<unknown>

interface Batch {
  channels: string[]
  send: () => void
  sent: Promise<unknown>
}

/** More in one command would block Redis. */
const maxChannels = 500
/** A client whose connection was lost comes back; and a room in which each stays for a moment empties and fills all the time. */
const lingerMs = 5_000
const sweepMs = 1_000

/**
 * Follows the subscriptions that the adapter starts and ends without waiting for them: so that others can wait, and so
 * that a failure (Redis away while the process leaves) is nobody's unhandled rejection. What one turn of the event loop starts is
 * one command: a client of pub/sub writes each to the kernel by itself, and in a storm everybody who comes has a room. What is
 * not heard any more ends a few seconds later, unless it is wanted again: until then what comes by it is nobody's.
 */
export class Subscriptions {
  readonly #subscriber: Redis
  readonly #options: { lingerMs: number; sweepMs: number }
  readonly #subscribe: Command
  readonly #unsubscribe: Command
  /** Channels that nobody here wants any more, and until when they are kept, by the monotonic clock, in order. */
  readonly #lingering = new Map<string, number>()
  /** Channels whose end Redis has not confirmed. */
  readonly #leaving = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #batch: Batch | undefined
  /** Done when all that was asked for so far is. One promise, not one for each: in a storm hundreds are under way. */
  #pending: Promise<unknown> = Promise.resolve()

  /** @param subscriber for it alone, and known to `learnSlots` */
  constructor(subscriber: Redis, options: Partial<{ lingerMs: number; sweepMs: number }> = {}) {
    this.#subscriber = subscriber
    this.#options = { lingerMs, sweepMs, ...options }
    this.#subscribe = (subscriber.ssubscribe as Command).bind(subscriber)
    this.#unsubscribe = (subscriber.sunsubscribe as Command).bind(subscriber)
    const start: Command = (...channels) => this.#start(channels)
    const end: Command = async (...channels) => this.#end(channels)
    subscriber.ssubscribe = start as typeof subscriber.ssubscribe
    subscriber.sunsubscribe = end as typeof subscriber.sunsubscribe
    // The client subscribes again, when it is back, to all whose end it has not seen.
    subscriber.on('close', () => {
      this.#end([...this.#leaving])
      this.#leaving.clear()
    })
  }

  /** Resolves when what was asked for until now is heard: from then on nothing published is missed. */
  async settled(): Promise<void> {
    await this.#pending
  }

  /** What was asked for until now is on its way: Redis has it before what the client is given next. */
  flush(): void {
    const batch = this.#batch
    this.#batch = undefined
    batch?.send()
  }

  /** Also called by the client for all that it was subscribed to, when it is back: what lingers is not, then. */
  #start(channels: string[]): Promise<unknown> {
    const fresh = channels.filter((channel) => !this.#lingering.delete(channel))
    if (fresh.length === 0) return this.#pending
    for (const channel of fresh) this.#leaving.delete(channel)
    const batch = this.#batch ?? this.#begin()
    batch.channels.push(...fresh)
    if (batch.channels.length >= maxChannels) this.flush()
    return batch.sent
  }

  /** Nobody waits for it. */
  #end(channels: string[]): void {
    if (channels.length === 0) return
    const until = performance.now() + this.#options.lingerMs
    for (const channel of channels) this.#lingering.set(channel, until)
    this.#timer ??= setInterval(() => this.#sweep(), this.#options.sweepMs).unref()
  }

  #sweep(): void {
    // What is asked for now would be carried out before the client subscribes again, and be undone by that.
    if (this.#subscriber.status !== 'ready') return
    const now = performance.now()
    const over = this.#lingering
      .entries()
      .filter(([, until]) => until <= now)
      .map(([channel]) => channel)
    for (const some of inSlices([...over], maxChannels)) {
      for (const channel of some) {
        this.#lingering.delete(channel)
        this.#leaving.add(channel)
      }
      void this.#leave(some)
    }
    if (this.#lingering.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #leave(channels: string[]): Promise<void> {
    try {
      await this.#send(this.#unsubscribe, channels)
      for (const channel of channels) this.#leaving.delete(channel)
    } catch {
      // Then the connection was lost, and they linger again.
    }
  }

  #begin(): Batch {
    const { promise: sent, resolve } = Promise.withResolvers<unknown>()
    const channels: string[] = []
    const batch = { channels, send: () => resolve(this.#send(this.#subscribe, channels)), sent }
    this.#batch = batch
    this.#pending = ended(this.#pending, sent)
    setImmediate(() => {
      if (this.#batch === batch) this.flush()
    })
    return batch
  }

  async #send(command: Command, channels: string[]): Promise<unknown> {
    return Promise.all(callsFor(this.#subscriber, channels).map((some) => command(...some)))
  }
}

/** Never rejects. */
async function ended(before: Promise<unknown>, last: Promise<unknown>): Promise<void> {
  await Promise.allSettled([before, last])
}
