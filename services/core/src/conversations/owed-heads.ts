import type { Redis } from 'ioredis'
import { Outage } from '../observability/outage.ts'
import type { WriteBehindDeps } from '../write-behind/write-behind.ts'

/**
 * What was written without being noted is looked for after this time: its writer is dead, or was refused. Longer than a commit may
 * take (5 s for its numbers, 10 for its insert), and the clocks of two machines be apart.
 */
const settledMs = 20_000
/** So long an end that nothing follows may stay untold. */
const endsAfterMs = 1_000
/** Writes of one node that may be without an end, as those that MongoDB fails are; beyond it the next message must do. */
const maxOpen = 1_000
/** By then the worker has looked after one, or will look in vain. */
const openMs = 60_000

/**
 * Conversations in which messages are being written, so that a node that dies between the write and the note of it leaves a
 * trace. It costs next to nothing: both its commands travel with those that number the messages.
 *
 * Key: <prefix>:heads:owed   hash: "<node's start>:<number of the write>" → "<ms since 1970>|<conversation ids as JSON>"
 */
export class OwedHeads {
  readonly #redis: Redis
  readonly #key: string
  readonly #owing: Outage
  readonly #node = `${process.pid}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`
  #last = 0
  /** When each was begun, ms. */
  readonly #open = new Map<string, number>()
  #ended: string[] = []
  #timer: NodeJS.Timeout | undefined

  constructor({ redis, options, log }: WriteBehindDeps) {
    this.#redis = redis
    this.#key = `${options.prefix}:heads:owed`
    this.#owing = new Outage(log, 'telling Redis of writes under way')
  }

  /** Returns what names the write at its end. What is sent to Redis after this call comes after it there too. */
  begin(conversationIds: string[]): string {
    const write = `${this.#node}:${++this.#last}`
    const now = Date.now()
    for (const [old, begunAt] of this.#open) {
      if (now - begunAt < openMs) break
      this.#open.delete(old)
    }
    if (this.#open.size >= maxOpen) return write
    this.#open.set(write, now)
    this.#send(
      this.#redis.hset(this.#key, write, `${now}|${JSON.stringify(conversationIds)}`),
      this.#tellEnds(),
    )
    return write
  }

  /** All that was written is noted. Told with the next beginning, or a moment later. */
  end(write: string): void {
    if (!this.#open.delete(write)) return
    this.#ended.push(write)
    this.#timer ??= setTimeout(() => this.#send(this.#tellEnds()), endsAfterMs).unref()
  }

  /** For the worker: writes that were begun long ago and never ended. */
  async left(): Promise<{ write: string; conversationIds: string[] }[]> {
    const before = Date.now() - settledMs
    return Object.entries(await this.#redis.hgetall(this.#key)).flatMap(([write, value]) => {
      const bar = value.indexOf('|')
      if (Number(value.slice(0, bar)) > before) return []
      return [{ write, conversationIds: JSON.parse(value.slice(bar + 1)) as string[] }]
    })
  }

  /** For the worker: what became of this write is noted. */
  async settle(write: string): Promise<void> {
    await this.#redis.hdel(this.#key, write)
  }

  #tellEnds(): Promise<unknown> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const ended = this.#ended
    this.#ended = []
    return ended.length > 0 ? this.#redis.hdel(this.#key, ...ended) : Promise.resolve()
  }

  /** What Redis does not hear of, the worker looks after in vain, or not at all: neither is worth failing a message. */
  #send(...commands: Promise<unknown>[]): void {
    Promise.all(commands).then(
      () => this.#owing.worked(),
      (err: unknown) => this.#owing.failed(err),
    )
  }
}
