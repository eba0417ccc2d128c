import { inTime } from '@earshot/core/in-time'
import type { Logger } from '@earshot/core/observability/logger'
import { CodedError } from '@earshot/protocol'
import type { Redis } from 'ioredis'

/** A publish that Redis has not taken by then has failed: one to a connection that hangs would wait for ever. */
const timeoutMs = 2_000

export interface ProcessChannelDeps {
  /** Rejects when Redis did not take it. */
  publish: (channel: string, message: string) => Promise<number>
  /** For sharded channels. */
  subscriber: Redis
  log: Logger
}

/** What processes of a cluster say to each other, as JSON over one channel of Redis. */
export class ProcessChannel<T> {
  readonly #publish: ProcessChannelDeps['publish']
  readonly #subscriber: Redis
  readonly #log: Logger
  readonly #name: string

  constructor({ publish, subscriber, log }: ProcessChannelDeps, name: string) {
    this.#publish = publish
    this.#subscriber = subscriber
    this.#log = log
    this.#name = name
  }

  /** Resolves when all that is sent from then on is heard. */
  async listen(hear: (message: T) => void | Promise<void>): Promise<void> {
    const name = Buffer.from(this.#name)
    // As bytes: a listener for text would make text of every message of every room.
    this.#subscriber.on('smessageBuffer', (from: Buffer, message: Buffer) => {
      if (name.equals(from)) void this.#take(message, hear)
    })
    await this.#subscriber.ssubscribe(this.#name)
  }

  /** What cannot be understood, from another version or somebody at Redis' prompt, must not end the process. */
  async #take(message: Buffer, hear: (message: T) => void | Promise<void>): Promise<void> {
    try {
      await hear(JSON.parse(message.toString()) as T)
    } catch (err) {
      this.#log.warn({ err, channel: this.#name }, 'what was heard on a channel makes no sense')
    }
  }

  /** Resolves to how many heard it. @throws {CodedError} `RETRY_LATER` when Redis did not take it */
  async send(message: T): Promise<number> {
    try {
      return await inTime(this.#publish(this.#name, JSON.stringify(message)), timeoutMs)
    } catch (cause) {
      throw new CodedError('RETRY_LATER', 'The other nodes cannot be told right now.', {
        retryAfterMs: 1_000,
        cause,
      })
    }
  }
}
