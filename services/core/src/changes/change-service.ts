import {
  type ChangeAck,
  CodedError,
  type DeleteMessage,
  type EditMessage,
  type Limits,
  type React,
} from '@earshot/protocol'
import type { ConversationAccess } from '../conversations/access.ts'
import { KeyedQueue } from '../keyed-queue.ts'
import { mediaOf } from '../media/media-doc.ts'
import type { MessageDoc } from '../messages/message-doc.ts'
import type { MessageStore } from '../messages/message-store.ts'
import type { RateLimiter } from '../messages/rate-limiter.ts'
import type { Sequencer } from '../messages/sequencer.ts'
import { reactionKey } from './change-applier.ts'
import type { ChangeFinisher } from './change-finisher.ts'
import { type ChangeBody, type ChangeDoc, type ChangeStore, changeId } from './change-store.ts'
import { canonicalEmoji } from './emoji.ts'
import { checkReactionLimits } from './reaction-limits.ts'

const maxTries = 5

/** Edits, deletions and reactions: checked → numbered → logged → applied → told → acknowledged. */
export class ChangeService {
  readonly #messages: MessageStore
  readonly #changes: ChangeStore
  readonly #finisher: ChangeFinisher
  readonly #sequencer: Sequencer
  readonly #access: ConversationAccess
  readonly #rate: RateLimiter
  readonly #limits: Limits
  /** By message, from before it is read: what is done to it next is judged by what it is after that. */
  readonly #turns = new KeyedQueue()
  /** By conversation, from the number on: so clients hear changes in order. */
  readonly #queue = new KeyedQueue()

  constructor(deps: {
    messages: MessageStore
    changes: ChangeStore
    finisher: ChangeFinisher
    /** Numbers changes, not messages. */
    sequencer: Sequencer
    access: ConversationAccess
    rate: RateLimiter
    limits: Limits
  }) {
    this.#messages = deps.messages
    this.#changes = deps.changes
    this.#finisher = deps.finisher
    this.#sequencer = deps.sequencer
    this.#access = deps.access
    this.#rate = deps.rate
    this.#limits = deps.limits
  }

  /** One's own text. @throws {CodedError} `NOT_FOUND`, `FORBIDDEN`, `BAD_REQUEST`, `TOO_LARGE` */
  async edit(userId: string, { messageId, content }: EditMessage): Promise<ChangeAck> {
    this.#rate.take(userId)
    const tooLong = content.length > this.#limits.textMaxChars
    if (tooLong)
      throw new CodedError('TOO_LARGE', `${this.#limits.textMaxChars} characters at most.`, {
        field: 'content',
      })
    if (content === '') throw new CodedError('BAD_REQUEST', 'content is empty.', { field: 'content' })
    return this.#turns.run(messageId, async () => {
      const message = await this.#own(userId, messageId)
      if (message.deletedAt) throw notFound()
      if (message.messageType !== 'text') {
        throw new CodedError('BAD_REQUEST', 'Only a text can be edited.', { field: 'messageId' })
      }
      if (message.content === content) return unchanged(message)
      await this.#access.mustBeHeard(userId, message)
      return this.#change(userId, message, { kind: 'edit', content })
    })
  }

  /** One's own message of any type, with what it carries. */
  async delete(userId: string, { messageId }: DeleteMessage): Promise<ChangeAck> {
    this.#rate.take(userId)
    return this.#turns.run(messageId, async () => {
      const message = await this.#own(userId, messageId)
      if (message.deletedAt) return unchanged(message)
      return this.#change(userId, message, { kind: 'delete', mediaIds: mediaOf(message) })
    })
  }

  /**
   * A reaction to any message that one may read; one of a kind for each user. The limits hold on each node; two that
   * take reactions at the same moment may together go over by as many as they are.
   * @throws {CodedError} `NOT_FOUND`; `FORBIDDEN` where one is blocked; `BAD_REQUEST` for what is no emoji; `TOO_LARGE` for too many different ones
   */
  async react(userId: string, { messageId, emoji: given, remove = false }: React): Promise<ChangeAck> {
    this.#rate.take(userId)
    const emoji = canonicalEmoji(given)
    if (emoji === undefined)
      throw new CodedError('BAD_REQUEST', 'emoji is not one emoji.', { field: 'emoji' })
    return this.#turns.run(messageId, async () => {
      const message = await this.#readable(userId, messageId)
      if (!remove) await this.#access.mustBeHeard(userId, message)
      if (message.deletedAt) throw notFound()
      const current = message.reactions?.[reactionKey(userId, emoji)]
      const isThere = current !== undefined && !current.isRemoved
      if (isThere !== remove) return unchanged(message)
      if (!remove) checkReactionLimits(message, userId, emoji, this.#limits)
      return this.#change(userId, message, { kind: 'reaction', emoji, remove })
    })
  }

  async #readable(userId: string, messageId: string): Promise<MessageDoc> {
    const message = await this.#messages.byId(messageId)
    if (!message || message.isVoid || !(await this.#access.mayRead(userId, message.conversationId)))
      throw notFound()
    return message
  }

  async #own(userId: string, messageId: string): Promise<MessageDoc> {
    const message = await this.#readable(userId, messageId)
    if (message.sender._id !== userId) throw new CodedError('FORBIDDEN', 'This message is not yours.')
    return message
  }

  /** One at a time for each conversation on this node. */
  #change(userId: string, message: MessageDoc, body: ChangeBody): Promise<ChangeAck> {
    return this.#queue.run(message.conversationId, () => this.#carryOut(userId, message, body))
  }

  async #carryOut(userId: string, message: MessageDoc, body: ChangeBody): Promise<ChangeAck> {
    const change = await this.#log(userId, message, body)
    await this.#finisher.finish(change)
    const { _id: messageId, conversationId } = message
    return { messageId, conversationId, changeSeq: change.changeSeq }
  }

  async #log(userId: string, message: MessageDoc, body: ChangeBody): Promise<ChangeDoc> {
    const { _id: messageId, conversationId, seq } = message
    for (let tries = 0; tries < maxTries; tries++) {
      const token = `${messageId}:${userId}:${tries}:${performance.now()}`
      const [changeSeq] =
        (await this.#sequencer.allocate(new Map([[conversationId, [token]]]))).get(conversationId) ?? []
      if (changeSeq === undefined) throw new Error('a change was not numbered')
      const _id = changeId(conversationId, changeSeq)
      const change: ChangeDoc = {
        _id,
        conversationId,
        changeSeq,
        messageId,
        seq,
        userId,
        at: new Date(),
        isPending: true,
        ...body,
      }
      if (await this.#changes.insert(change)) return change
      // Redis counted from too low: it was wiped, or a hole was closed before we came.
      await this.#sequencer.raise(conversationId, await this.#changes.headSeq(conversationId))
    }
    throw new CodedError('RETRY_LATER', 'The change found no place.', { retryAfterMs: 1_000 })
  }
}

function notFound(): CodedError {
  return new CodedError('NOT_FOUND', 'There is no such message.', { field: 'messageId' })
}

function unchanged({ _id, conversationId }: MessageDoc): ChangeAck {
  return { messageId: _id, conversationId, changeSeq: 0 }
}
