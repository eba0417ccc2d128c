import type { Redis } from 'ioredis'
import { defineScript, type ScriptCall } from '../clients/lua.ts'
import { callsFor } from '../clients/slots.ts'

/** How long a retry finds the number of its first try in Redis, seconds. Later ones are caught by MongoDB. */
const rememberSeconds = 120
/** How long the counter of a conversation is kept after its last message, seconds. */
const idleSeconds = 86_400

/**
 * Numbers messages: `seq` grows by one within a conversation. Redis counts, for speed; MongoDB's unique index on
 * conversation and `seq` is what makes it true.
 *
 * Keys, in one slot for each conversation:
 *   <prefix>:{<conversationId>}:seq          the last number given to a message
 *   <prefix>:{<conversationId>}:seq:<id>     the number of a message, for a while
 *   <prefix>:{<conversationId>}:cseq…        the same for changes
 */
export class Sequencer {
  readonly #prefix: string
  readonly #stream: 'seq' | 'cseq'
  readonly #redis: Redis
  readonly #open: (conversationIds: string[]) => Promise<Map<string, number>>
  readonly #allocate: ScriptCall
  readonly #raise: ScriptCall
  readonly #forget: ScriptCall

  constructor(deps: {
    redis: Redis
    prefix: string
    /** What is numbered: messages or changes. */
    stream: 'seq' | 'cseq'
    /** Tells the heads of conversations that Redis does not know. */
    open: (conversationIds: string[]) => Promise<Map<string, number>>
  }) {
    this.#prefix = deps.prefix
    this.#stream = deps.stream
    this.#redis = deps.redis
    this.#open = deps.open
    const script = (name: string) =>
      defineScript(deps.redis, `seq_${name}`, new URL(`./${name}.lua`, import.meta.url))
    this.#allocate = script('allocate')
    this.#raise = script('raise')
    this.#forget = script('forget')
  }

  /** Numbers for each conversation's messages, in their order. */
  async allocate(messageIds: Map<string, string[]>): Promise<Map<string, number[]>> {
    const numbers = new Map<string, number[]>()
    const unknown = await this.#ask(messageIds, numbers)
    if (unknown.length === 0) return numbers
    for (const [conversationId, head] of await this.#open(unknown)) await this.raise(conversationId, head)
    const again = new Map(unknown.map((id) => [id, messageIds.get(id) ?? []]))
    const stillUnknown = await this.#ask(again, numbers)
    if (stillUnknown.length > 0) throw new Error('a conversation has no counter after it was set')
    return numbers
  }

  /**
   * The last number given, as far as it is known here or in MongoDB.
   * @param look reads it from MongoDB; one that has none yet is not made to exist for a question
   */
  async head(conversationId: string, look: (conversationId: string) => Promise<number>): Promise<number> {
    const known = await this.#redis.get(this.#key(conversationId))
    if (known !== null) return Number(known)
    if ((await look(conversationId)) === 0) return 0
    return (await this.#open([conversationId])).get(conversationId) ?? 0
  }

  /** Lets the counter go on from a head that MongoDB has. */
  async raise(conversationId: string, head: number): Promise<void> {
    await this.#raise([this.#key(conversationId)], [head, idleSeconds])
  }

  /** A number was given to a message that will not have it. */
  async forget(conversationId: string, messageId: string, seq: number): Promise<void> {
    const counter = this.#key(conversationId)
    await this.#forget([counter, `${counter}:${messageId}`], [seq])
  }

  /** Returns the conversations without a counter. */
  async #ask(messageIds: Map<string, string[]>, numbers: Map<string, number[]>): Promise<string[]> {
    const calls = callsFor(this.#redis, [...messageIds])
    return (await Promise.all(calls.map((asked) => this.#askAtOnce(asked, numbers)))).flat()
  }

  async #askAtOnce(
    asked: [conversationId: string, messageIds: string[]][],
    numbers: Map<string, number[]>,
  ): Promise<string[]> {
    const keys = asked.flatMap(([conversationId, ids]) => {
      const counter = this.#key(conversationId)
      return [counter, ...ids.map((id) => `${counter}:${id}`)]
    })
    const counts = asked.map(([, { length }]) => length)
    const given = await this.#allocate(keys, [rememberSeconds, idleSeconds, ...counts])
    const unknown: string[] = []
    for (const [i, [conversationId]] of asked.entries()) {
      const some = (given as (number[] | null)[])[i]
      if (some) numbers.set(conversationId, some)
      else unknown.push(conversationId)
    }
    return unknown
  }

  #key(conversationId: string): string {
    return `${this.#prefix}:{${conversationId}}:${this.#stream}`
  }
}
