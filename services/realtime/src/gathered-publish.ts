import type { ScriptCall } from '@earshot/core/clients/lua'

/** A call that has as much takes no further message; it blocks Redis for a millisecond or two. */
const maxMessages = 1_000
const maxChars = 1_000_000

interface Batch {
  channels: string[]
  messages: string[]
  chars: number
}

/**
 * Publishes by one call what one turn of the event loop has: to a node and to Redis a command is dearer than what it says, and a
 * busy node publishes two messages for each that is written. In order. (On a Redis Cluster each channel would be in a slot of its
 * own, and take a command of its own.)
 */
export class GatheredPublish {
  readonly #call: ScriptCall
  #batch: Batch | undefined
  #last: Promise<unknown> = Promise.resolve()

  /** @param call `publish.lua` */
  constructor(call: ScriptCall) {
    this.#call = call
  }

  /** Of the last message; when it is answered, all are. */
  get last(): Promise<unknown> {
    return this.#last
  }

  publish(channel: string, message: string): void {
    const batch = this.#batch ?? this.#begin()
    batch.channels.push(channel)
    batch.messages.push(message)
    batch.chars += message.length
    if (batch.channels.length >= maxMessages || batch.chars >= maxChars) this.#batch = undefined
  }

  #begin(): Batch {
    const batch: Batch = { channels: [], messages: [], chars: 0 }
    this.#batch = batch
    this.#last = new Promise((resolve) => {
      // After all that is resolved in this turn, and before the client sends what it has.
      process.nextTick(() => {
        if (this.#batch === batch) this.#batch = undefined
        resolve(this.#call(batch.channels, batch.messages))
      })
    })
    return batch
  }
}
