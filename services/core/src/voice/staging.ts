import type { Redis } from 'ioredis'
import { defineScript, type ScriptCall } from '../clients/lua.ts'

export interface StagingOptions {
  prefix: string
  ttlSeconds: number
  /** Audio staged by all nodes together, bytes. */
  maxBytes: number
}

/**
 * Audio between its acknowledgement and its storage by the worker. In Redis, which survives its own restart by its
 * append-only file; bounded in sum and in age.
 *
 * Keys:
 *   <prefix>:{voice}:sizes, :times, :bytes   the books: hash, sorted set and counter in one slot
 *   <prefix>:audio:{<messageId>}             the bytes, spread over all slots
 */
export class VoiceStaging {
  readonly #redis: Redis
  readonly #options: StagingOptions
  readonly #books: [sizes: string, times: string, bytes: string]
  readonly #reserve: ScriptCall
  readonly #release: ScriptCall

  constructor(redis: Redis, options: StagingOptions) {
    this.#redis = redis
    this.#options = options
    const tag = `${options.prefix}:{voice}`
    this.#books = [`${tag}:sizes`, `${tag}:times`, `${tag}:bytes`]
    this.#reserve = defineScript(redis, 'voice_reserve', new URL('./reserve.lua', import.meta.url))
    this.#release = defineScript(redis, 'voice_release', new URL('./release.lua', import.meta.url))
  }

  /** Returns false when there is no room: then the audio goes to the blob store at once. */
  async stage(messageId: string, bytes: Buffer): Promise<boolean> {
    const args = [messageId, bytes.length, this.#options.maxBytes]
    if ((await this.#reserve(this.#books, args)) !== 1) return false
    await this.#redis.set(this.#key(messageId), bytes, 'EX', this.#options.ttlSeconds)
    return true
  }

  async read(messageId: string): Promise<Buffer | null> {
    return this.#redis.getBuffer(this.#key(messageId))
  }

  async drop(messageId: string): Promise<void> {
    // In this order, by one pipeline.
    await Promise.all([this.#redis.del(this.#key(messageId)), this.#release(this.#books, [messageId])])
  }

  /** Puts off that Redis forgets the audio. */
  async keep(messageId: string): Promise<void> {
    await this.#redis.expire(this.#key(messageId), this.#options.ttlSeconds)
  }

  /** Messages whose audio has been staged for longer than `ms`, the oldest first, from a place in this order on. */
  async olderThan(ms: number, offset: number, limit: number): Promise<string[]> {
    const [seconds] = await this.#redis.time()
    return this.#redis.zrange(
      this.#books[1],
      '-inf',
      String(Number(seconds) * 1000 - ms),
      'BYSCORE',
      'LIMIT',
      offset,
      limit,
    )
  }

  #key(messageId: string): string {
    return `${this.#options.prefix}:audio:{${messageId}}`
  }
}
