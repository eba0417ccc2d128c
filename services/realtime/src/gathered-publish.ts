import { defineScript, type ScriptCall } from '@earshot/core/clients/lua'
import { callsFor } from '@earshot/core/clients/slots'
import type { Redis } from 'ioredis'

/** A call that has as much takes no further message; it blocks Redis for a millisecond or two. */
const maxMessages = 1_000
const maxChars = 1_000_000

interface Batch {
  messages: [channel: string, text: string][]
  chars: number
  send: () => void
  sent: Promise<unknown>
}

/**
 * Publishes by one call what one turn of the event loop has: to a node and to Redis a command is dearer than what it says, and a
 * busy node publishes two messages for each that is written. In order.
 */
export class GatheredPublish {
  readonly #redis: Redis
  readonly #script: ScriptCall
  readonly #survived: (answer: Promise<unknown>) => Promise<unknown>
  #batch: Batch | undefined

  /** @param survived notes a failure, and makes an answer of it */
  constructor(redis: Redis, survived: (answer: Promise<unknown>) => Promise<unknown>) {
    this.#redis = redis
    this.#script = defineScript(redis, 'publish_all', new URL('./publish.lua', import.meta.url))
    this.#survived = survived
  }

  /** Resolves when Redis has it, or could not take it. */
  publish(channel: string, text: string): Promise<unknown> {
    const batch = this.#batch ?? this.#begin()
    batch.messages.push([channel, text])
    batch.chars += text.length
    if (batch.messages.length >= maxMessages || batch.chars >= maxChars) this.flush()
    return batch.sent
  }

  /** What is published by other means after this call comes after all that was published here. */
  flush(): void {
    const batch = this.#batch
    this.#batch = undefined
    batch?.send()
  }

  #begin(): Batch {
    const { promise: sent, resolve } = Promise.withResolvers<unknown>()
    const batch: Batch = {
      messages: [],
      chars: 0,
      send: () => resolve(this.#survived(this.#send(batch))),
      sent,
    }
    this.#batch = batch
    // After all that is resolved in this turn, and before the client sends what it has.
    process.nextTick(() => {
      if (this.#batch === batch) this.flush()
    })
    return batch
  }

  #send({ messages }: Batch): Promise<unknown> {
    return Promise.all(
      callsFor(this.#redis, messages).map((some) =>
        this.#script(
          some.map(([channel]) => channel),
          some.map(([, text]) => text),
        ),
      ),
    )
  }
}
