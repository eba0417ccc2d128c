import type { Change, Message } from '@earshot/protocol'
import type { ChangeApplier } from '../changes/change-applier.ts'
import { type ChangeDoc, type ChangeStore, toChange } from '../changes/change-store.ts'
import { readContiguous, type Stream } from './contiguous.ts'
import { type MessageDoc, toMessage } from './message-doc.ts'
import type { MessageStore } from './message-store.ts'

export interface MessagePage {
  messages: Message[]
  headSeq: number
  complete: boolean
}

export interface ChangePage {
  changes: Change[]
  headChangeSeq: number
  complete: boolean
}

/**
 * Pages of one conversation without a hole in them. Closed holes are read over: a page is empty only where nothing is
 * left, so that who asks on from its last message gets on.
 */
export class ConversationReader {
  readonly #messages: MessageStore
  readonly #changes: ChangeStore
  readonly #applier: ChangeApplier

  constructor(deps: { messages: MessageStore; changes: ChangeStore; applier: ChangeApplier }) {
    this.#messages = deps.messages
    this.#changes = deps.changes
    this.#applier = deps.applier
  }

  /** @param isThere whether a message of this `seq` is known to exist; else, where none follows, the head is looked up */
  async messagesAfter(
    conversationId: string,
    seq: number,
    limit: number,
    isThere = true,
  ): Promise<MessagePage> {
    for (let from = seq; ; ) {
      const { docs, upTo, found } = await readContiguous(
        () => this.#messages.after(conversationId, from, limit),
        () => from,
        this.#messageStream(conversationId),
      )
      const messages = toMessages(docs)
      if (found < limit) {
        const isPast = found === 0 && !isThere
        // What came since the page was read is not in it: never further than that.
        const headSeq = isPast ? Math.min(upTo, await this.#messages.headSeq(conversationId)) : upTo
        return { messages, complete: true, headSeq }
      }
      if (messages.length > 0) {
        return { messages, complete: false, headSeq: await this.#messages.headSeq(conversationId) }
      }
      from = upTo
    }
  }

  /** The last messages before a `seq`, or of all. */
  async messagesBefore(
    conversationId: string,
    beforeSeq: number | undefined,
    limit: number,
  ): Promise<Omit<MessagePage, 'complete'>> {
    let headSeq: number | undefined
    for (let before = beforeSeq; ; ) {
      const { docs, upTo, found } = await readContiguous(
        (last) => this.#messages.before(conversationId, last === undefined ? before : last + 1, limit),
        (docs) => (docs[0]?.seq ?? 1) - 1,
        this.#messageStream(conversationId),
      )
      // Without `beforeSeq`, what the newest page ends with.
      headSeq ??= before === undefined ? upTo : await this.#messages.headSeq(conversationId)
      const messages = toMessages(docs)
      if (messages.length > 0 || found < limit) return { messages, headSeq }
      before = docs[0]?.seq
    }
  }

  /** Without a number to start from, only where the changes stand. */
  async changesAfter(
    conversationId: string,
    changeSeq: number | undefined,
    limit: number,
  ): Promise<ChangePage> {
    if (changeSeq === undefined) {
      return { changes: [], headChangeSeq: await this.#changes.settledSeq(conversationId), complete: true }
    }
    for (let from = changeSeq; ; ) {
      const { docs, upTo, found } = await readContiguous(
        () => this.#changes.after(conversationId, from, limit),
        () => from,
        this.#changeStream(conversationId),
      )
      // A node that died may have left one out of its message: who reads it there must see what this one is told.
      await Promise.all(docs.filter((doc) => doc.isPending).map((doc) => this.#applier.apply(doc)))
      const changes = docs.flatMap((doc) => toChange(doc) ?? [])
      if (found < limit) {
        const isPast = found === 0 && from > 0
        return {
          changes,
          complete: true,
          headChangeSeq: isPast ? await this.#headChangeSeq(conversationId, from) : upTo,
        }
      }
      if (changes.length > 0) {
        return { changes, complete: false, headChangeSeq: await this.#changes.headSeq(conversationId) }
      }
      from = upTo
    }
  }

  /** By the change's own `_id` where it is there, as it nearly always is. */
  async #headChangeSeq(conversationId: string, changeSeq: number): Promise<number> {
    if (await this.#changes.exists(conversationId, changeSeq)) return changeSeq
    return Math.min(changeSeq, await this.#changes.headSeq(conversationId))
  }

  #messageStream(conversationId: string): Stream<MessageDoc> {
    return {
      describe: (doc) => ({ number: doc.seq, writtenAt: doc.adoptedAt ?? doc.createdAt }),
      closeHole: (number) => this.#messages.closeHole(conversationId, number),
    }
  }

  #changeStream(conversationId: string): Stream<ChangeDoc> {
    return {
      describe: (doc) => ({ number: doc.changeSeq, writtenAt: doc.at }),
      closeHole: (number) => this.#changes.closeHole(conversationId, number),
    }
  }
}

function toMessages(docs: MessageDoc[]): Message[] {
  return docs.filter((doc) => !doc.isVoid).map(toMessage)
}
