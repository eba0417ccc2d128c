import type { Redis } from 'ioredis'
import { sendLong } from '../clients/long-command.ts'
import { defineScript, type ScriptCall } from '../clients/lua.ts'
import { TurnBatch } from '../turn-batch.ts'

export interface StagingOptions {
  prefix: string
  ttlSeconds: number
  /** Audio staged by all nodes together, bytes. */
  maxBytes: number
}

/** A send takes less. What was staged longer ago has its message in MongoDB, or never will, unless it is staged again. */
const settledSeconds = 60
/** By one call. */
const releasedMax = 100

/** Staged audio: of a message, or of what was to be one. */
export interface StagedAudio {
  messageId: string
  sha256: string
}

/**
 * Audio between its acknowledgement and its storage by the worker. In Redis, which survives its own restart by its
 * append-only file; bounded in sum and in age. Told apart by its hash: who sends something else under the same key is
 * refused by the commit, which comes later, and must not have changed what the message says until then.
 *
 * Keys:
 *   <prefix>:{voice}:sizes, :times, :bytes   the books by <messageId>:<sha256>: hash, sorted set and counter in one slot
 *   <prefix>:audio:{<messageId>}             hash of the bytes by their SHA-256, spread over all slots
 */
export class VoiceStaging {
  readonly #redis: Redis
  readonly #options: StagingOptions
  readonly #books: [sizes: string, times: string, bytes: string]
  readonly #reserve: ScriptCall
  readonly #release: ScriptCall
  /** Entries of what is dropped in one turn, as the worker does with what it has stored together. */
  readonly #released: TurnBatch<string, unknown>
  readonly #unstage: ScriptCall
  readonly #settledSeconds: number

  constructor(redis: Redis, options: StagingOptions) {
    this.#redis = redis
    this.#options = options
    const tag = `${options.prefix}:{voice}`
    this.#books = [`${tag}:sizes`, `${tag}:times`, `${tag}:bytes`]
    this.#settledSeconds = Math.min(settledSeconds, Math.floor(options.ttlSeconds / 2))
    this.#reserve = defineScript(redis, 'voice_reserve', new URL('./reserve.lua', import.meta.url))
    this.#release = defineScript(redis, 'voice_release', new URL('./release.lua', import.meta.url))
    this.#released = new TurnBatch((entries) => this.#release(this.#books, [0, ...entries]), {
      max: releasedMax,
    })
    this.#unstage = defineScript(redis, 'voice_unstage', new URL('./unstage.lua', import.meta.url))
  }

  /** Returns false when there is no room. */
  async stage(staged: StagedAudio, bytes: Buffer): Promise<boolean> {
    const args = [entryOf(staged), bytes.length, this.#options.maxBytes]
    if ((await this.#reserve(this.#books, args)) !== 1) return false
    const key = this.#key(staged.messageId)
    // In this order, by one write. Should the node die in between, the audit finds it in the books. What an earlier try left is
    // young again before it is written again: the audit may be about to take it away.
    await Promise.all([
      this.#redis.expire(key, this.#options.ttlSeconds),
      sendLong(this.#redis, 'hset', [key, staged.sha256], bytes),
      this.#redis.expire(key, this.#options.ttlSeconds),
    ])
    return true
  }

  async read({ messageId, sha256 }: StagedAudio): Promise<Buffer | null> {
    return this.#redis.hgetBuffer(this.#key(messageId), sha256)
  }

  /**
   * All that is staged under a message's id.
   * @param sha256 of the message's audio, where it is known: that is cheaper
   */
  async drop(messageId: string, sha256?: string): Promise<void> {
    const key = this.#key(messageId)
    if (sha256 !== undefined) {
      // In this order, by one write. What else was sent under this id the audit finds in the books.
      await Promise.all([this.#redis.del(key), this.#released.add(entryOf({ messageId, sha256 }))])
      return
    }
    const [hashes] = (await this.#redis.multi().hkeys(key).del(key).exec()) ?? []
    for (const hash of (hashes?.[1] as string[] | undefined) ?? []) {
      await this.#released.add(entryOf({ messageId, sha256: hash }))
    }
  }

  /** This alone, unless it was staged again since it was listed. Returns whether it is gone. */
  async dropSettled(staged: StagedAudio): Promise<boolean> {
    const { ttlSeconds } = this.#options
    const [key, lastsAtMost] = [this.#key(staged.messageId), ttlSeconds - this.#settledSeconds]
    if ((await this.#unstage([key], [staged.sha256, lastsAtMost])) !== 1) return false
    await this.#release(this.#books, [this.#settledSeconds * 1_000, entryOf(staged)])
    return true
  }

  /** Puts off that Redis forgets the audio. */
  async keep(messageId: string): Promise<void> {
    // It stays as old as it is: see `dropSettled`.
    await this.#redis.expire(this.#key(messageId), this.#options.ttlSeconds - this.#settledSeconds)
  }

  /** What was staged so long ago that its message is there, or never will be: the oldest first, from a place in this order on. */
  async settled(offset: number, limit: number): Promise<StagedAudio[]> {
    const [seconds] = await this.#redis.time()
    const entries = await this.#redis.zrange(
      this.#books[1],
      '-inf',
      String((Number(seconds) - this.#settledSeconds) * 1_000),
      'BYSCORE',
      'LIMIT',
      offset,
      limit,
    )
    return entries.map((entry) => {
      const colon = entry.lastIndexOf(':')
      return { messageId: entry.slice(0, colon), sha256: entry.slice(colon + 1) }
    })
  }

  #key(messageId: string): string {
    return `${this.#options.prefix}:audio:{${messageId}}`
  }
}

function entryOf({ messageId, sha256 }: StagedAudio): string {
  return `${messageId}:${sha256}`
}
