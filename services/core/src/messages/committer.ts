import { setTimeout as wait } from 'node:timers/promises'
import { CodedError } from '@earshot/protocol'
import { toCodedError } from '../clients/unavailable.ts'
import type { ConversationHeads } from '../conversations/conversation-heads.ts'
import { inTime } from '../in-time.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { Outage } from '../observability/outage.ts'
import type { MessageDoc, MessageDraft } from './message-doc.ts'
import type { MessageStore } from './message-store.ts'
import type { Sequencer } from './sequencer.ts'

export interface Committed {
  doc: MessageDoc
  /** The same key was used before; `doc` is what it made then. */
  isDuplicate: boolean
  /**
   * The conversation's list has it, whatever is killed from here on: then it may be acknowledged. On its way to Redis before what is
   * told after this. Never rejects.
   */
  noted: Promise<void>
}

interface Waiting {
  draft: MessageDraft
  resolve: (committed: Committed) => void
  reject: (error: CodedError) => void
  /** Times its place was found taken. */
  collisions: number
}

interface Numbered {
  item: Waiting
  doc: MessageDoc
}

/** One that is in MongoDB, now or since before. */
interface Written extends Numbered {
  existing?: MessageDoc
}

export interface CommitterOptions {
  batchMax: number
  /** Longest wait for one write. */
  timeoutMs: number
  /** How long a busy node gathers before it writes again, ms. */
  windowMs: number
}

/** A place may be taken again while the counter is being set right; more often than this, something else is wrong. */
const maxCollisions = 5

/**
 * Group commit: messages that wait are numbered and written together; while one write is under way the next batch
 * gathers, and if several came in that time, for a moment longer. When idle a message is written at once, when busy the cost of a
 * write is shared: it is by the command more than by the message.
 */
export class Committer {
  readonly #store: MessageStore
  readonly #sequencer: Sequencer
  readonly #heads: ConversationHeads
  readonly #options: CommitterOptions
  readonly #writing: Outage
  readonly #metrics: Metrics
  readonly #queue: Waiting[] = []
  #pump: Promise<void> | undefined
  /** The last batch that was written, and those before it. */
  #noted: Promise<void> = Promise.resolve()

  constructor(deps: {
    store: MessageStore
    sequencer: Sequencer
    heads: ConversationHeads
    options: CommitterOptions
    log: Logger
    metrics: Metrics
  }) {
    this.#store = deps.store
    this.#sequencer = deps.sequencer
    this.#heads = deps.heads
    this.#options = deps.options
    this.#writing = new Outage(deps.log, 'writing messages')
    this.#metrics = deps.metrics
  }

  /**
   * Resolves when MongoDB has the message.
   * How many may wait `Backlog` bounds.
   * @throws {CodedError} `RETRY_LATER` when a store is away; `CONFLICT` when the same key said
   * something else before
   */
  commit(draft: MessageDraft): Promise<Committed> {
    const { promise, resolve, reject } = Promise.withResolvers<Committed>()
    this.#queue.push({ draft, resolve, reject, collisions: 0 })
    this.#metrics.commitWaiting.set(this.#queue.length)
    this.#pump ??= this.#run()
    return promise
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    while (this.#pump) await this.#pump
    await this.#noted
  }

  async #run(): Promise<void> {
    // What arrives in the same tick shares the first write.
    await new Promise<void>((resolve) => setImmediate(resolve))
    let isBusy = false
    while (this.#queue.length > 0) {
      if (isBusy) await this.#gather()
      const batch = this.#queue.splice(0, this.#options.batchMax)
      this.#metrics.commitWaiting.set(this.#queue.length)
      try {
        await this.#commit(batch)
        this.#writing.worked()
      } catch (err) {
        const coded = toCodedError(err)
        this.#writing.failed(err)
        for (const { reject } of batch) reject(coded)
      }
      // One alone makes no crowd: it is written at once.
      isBusy = this.#queue.length > 1
    }
    this.#pump = undefined
  }

  /** For a moment, unless a batch is full. */
  async #gather(): Promise<void> {
    const { batchMax, windowMs } = this.#options
    if (windowMs > 0 && this.#queue.length < batchMax) await wait(windowMs)
  }

  async #commit(batch: Waiting[]): Promise<void> {
    const byConversation = Map.groupBy(batch, ({ draft }) => draft.conversationId)
    const write = this.#heads.begin([...byConversation.keys()])
    const numbers = await this.#sequencer.allocate(
      new Map([...byConversation].map(([id, waiting]) => [id, waiting.map(({ draft }) => draft._id)])),
    )
    const createdAt = new Date()
    const numbered: Numbered[] = [...byConversation].flatMap(([conversationId, waiting]) =>
      waiting.map((item, i) => {
        const seq = numbers.get(conversationId)?.[i]
        if (seq === undefined) throw new Error('a message was not numbered')
        return { item, doc: { ...item.draft, seq, createdAt } }
      }),
    )
    const stop = this.#metrics.commitSeconds.startTimer()
    const outcomes = await inTime(this.#store.insert(numbered.map(({ doc }) => doc)), this.#options.timeoutMs)
    stop()
    this.#metrics.commitBatch.observe(batch.length)
    const written: Written[] = []
    const displaced: Numbered[] = []
    for (const [i, entry] of numbered.entries()) {
      const outcome = outcomes[i]
      if (outcome?.kind === 'inserted') written.push(entry)
      else if (outcome?.kind !== 'exists') displaced.push(entry)
      else written.push({ ...entry, existing: outcome.existing })
    }
    this.#answer(written, write)
    await this.#takeBack(written)
    if (displaced.length > 0) await this.#findNewPlaces(displaced)
  }

  #answer(written: Written[], write: string): void {
    // Of a duplicate too: a crash may have come between its commit and its head.
    const heads = this.#heads.note(
      written.map(({ doc, existing }) => existing ?? doc),
      write,
    )
    const before = this.#noted
    // In order: what is told here waits for it.
    const noted = heads.then(() => before)
    this.#noted = noted
    for (const { item, doc, existing } of written) {
      if (existing) this.#answerDuplicate(item, doc, existing, noted)
      else {
        this.#metrics.messages.inc({ result: 'new' })
        item.resolve({ doc, isDuplicate: false, noted })
      }
    }
  }

  /** Numbers of those that have one already. */
  async #takeBack(written: Written[]): Promise<void> {
    await this.#forget(
      written.filter(
        ({ doc, existing }) =>
          existing && (existing.seq !== doc.seq || existing.conversationId !== doc.conversationId),
      ),
    )
  }

  async #forget(numbered: Numbered[]): Promise<void> {
    await Promise.all(numbered.map(({ doc }) => this.#sequencer.forget(doc.conversationId, doc._id, doc.seq)))
  }

  #answerDuplicate(item: Waiting, doc: MessageDoc, existing: MessageDoc, noted: Promise<void>): void {
    if (existing.fingerprint !== doc.fingerprint) {
      this.#metrics.messages.inc({ result: 'conflict' })
      item.reject(keyConflict())
      return
    }
    this.#metrics.messages.inc({ result: 'duplicate' })
    item.resolve({ doc: existing, isDuplicate: true, noted })
  }

  /** Redis counted from too low: it was wiped, or a hole was closed before its writer came. */
  async #findNewPlaces(displaced: Numbered[]): Promise<void> {
    await this.#forget(displaced)
    for (const conversationId of new Set(displaced.map(({ doc }) => doc.conversationId))) {
      await this.#sequencer.raise(conversationId, await this.#store.headSeq(conversationId))
    }
    const again: Waiting[] = []
    for (const { item } of displaced) {
      item.collisions++
      if (item.collisions <= maxCollisions) again.push(item)
      else item.reject(new CodedError('RETRY_LATER', 'The message found no place.', { retryAfterMs: 1_000 }))
    }
    this.#queue.unshift(...again)
  }
}

/** The same key, said with another content. */
export function keyConflict(): CodedError {
  const message = 'This clientMessageId was used for another message.'
  return new CodedError('CONFLICT', message, { field: 'clientMessageId' })
}
