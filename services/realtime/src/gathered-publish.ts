import { defineScript, type ScriptCall } from '@earshot/core/clients/lua'
import { callsFor } from '@earshot/core/clients/slots'
import { TurnBatch } from '@earshot/core/turn-batch'
import type { Redis } from 'ioredis'

type Message = [channel: string, head: string, text: string]

/** More in one call blocks Redis for longer than a millisecond or two. */
const maxMessages = 1_000
const maxChars = 1_000_000

/**
 * Publishes by one call what one turn of the event loop has: a busy node publishes two messages for each that is written, of the
 * same text, which goes to Redis once. In order.
 */
export class GatheredPublish {
  readonly #redis: Redis
  readonly #script: ScriptCall
  readonly #batch: TurnBatch<Message, unknown>

  /** @param survived notes a failure and whom it kept from hearing, and makes an answer of it */
  constructor(
    redis: Redis,
    survived: (answer: Promise<unknown>, channels: () => string[]) => Promise<unknown>,
  ) {
    this.#redis = redis
    this.#script = defineScript(redis, 'publish_all', new URL('./publish.lua', import.meta.url))
    const call = (messages: Message[]) =>
      survived(this.#send(messages), () => messages.map(([channel]) => channel))
    this.#batch = new TurnBatch(call, {
      max: maxMessages,
      maxWeight: maxChars,
      weightOf: ([, , text]) => text.length,
    })
  }

  /** Resolves when Redis has it, head and text in one, or could not take it. */
  publish(channel: string, head: string, text: string): Promise<unknown> {
    return this.#batch.add([channel, head, text])
  }

  /** What is published by other means after this call comes after all that was published here. */
  flush(): void {
    this.#batch.flush()
  }

  #send(messages: Message[]): Promise<unknown> {
    return Promise.all(
      callsFor(this.#redis, messages).map((some) =>
        this.#script(
          some.map(([channel]) => channel),
          argumentsOf(some),
        ),
      ),
    )
  }
}

/** What follows each other and says the same shares its text. */
function argumentsOf(messages: Message[]): (string | number)[] {
  const heads: (string | number)[] = []
  const texts: string[] = []
  for (const [, head, text] of messages) {
    if (texts.at(-1) !== text) texts.push(text)
    heads.push(head, texts.length)
  }
  return [...heads, ...texts]
}
