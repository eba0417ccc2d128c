import type { Redis } from 'ioredis'

const rememberSeconds = 120

/**
 * What workers that adopt tell each other.
 *
 * Keys:
 *   <prefix>:legacy:heads       set: conversations whose last message is perhaps not in the list yet
 *   <prefix>:legacy:told:<id>   somebody tells the clients of this message
 */
export class AdoptionNotes {
  readonly #redis: Redis
  readonly #prefix: string

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis
    this.#prefix = `${prefix}:legacy`
  }

  /** Before messages are written: should this worker die, another one will look. */
  async headsOwed(conversationIds: string[]): Promise<void> {
    await this.#redis.sadd(`${this.#prefix}:heads`, ...conversationIds)
  }

  async headsNoted(conversationIds: string[]): Promise<void> {
    await this.#redis.srem(`${this.#prefix}:heads`, ...conversationIds)
  }

  async owedHeads(): Promise<string[]> {
    return this.#redis.smembers(`${this.#prefix}:heads`)
  }

  /** Returns true for the first who asks. */
  async mayTell(messageId: string): Promise<boolean> {
    return (
      (await this.#redis.set(`${this.#prefix}:told:${messageId}`, '', 'EX', rememberSeconds, 'NX')) === 'OK'
    )
  }
}
