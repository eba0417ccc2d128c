import { CodedError, type Message, type VoicePosition } from '@earshot/protocol'
import { LRUCache } from 'lru-cache'
import type { ConversationAccess } from '../conversations/access.ts'
import type { Fanout } from '../fanout.ts'
import { KeyedQueue } from '../keyed-queue.ts'
import type { MessageStore } from '../messages/message-store.ts'
import type { PositionStore } from './position-store.ts'

interface Pending {
  userId: string
  messageId: string
  conversationId: string
  /** Seconds; 0: forget it. */
  position: number
  socketId: string | undefined
}

/** What of a message matters here. */
interface Playable {
  conversationId: string
  /** Seconds. Absent: it is no voice message. */
  duration?: number
}

/** So near its end a message has been heard; hearing on would be to hear nothing. Seconds. */
const heardSeconds = 1

/** Most users and messages that wait to be written; a player that says its position that often is not believed. */
const maxPending = 10_000
const writesAtOnce = 20

/**
 * Where a user stopped in a long voice message, for their other devices. A player says so every few seconds: what comes
 * in within a moment is coalesced, written, and told once.
 */
export class VoicePositions {
  readonly #store: PositionStore
  readonly #messages: MessageStore
  readonly #access: ConversationAccess
  readonly #fanout: Fanout
  /** A look-up for one position must not let the next overtake it. */
  readonly #inOrder = new KeyedQueue()
  #pending = new Map<string, Pending>()
  /** A player asks again and again about one message. */
  readonly #playable = new LRUCache<string, Playable>({ max: 10_000, ttl: 60_000 })

  constructor(deps: {
    store: PositionStore
    messages: MessageStore
    access: ConversationAccess
    fanout: Fanout
  }) {
    this.#store = deps.store
    this.#messages = deps.messages
    this.#access = deps.access
    this.#fanout = deps.fanout
  }

  /**
   * @param socketId of the device that plays it: it is not told
   * @throws {CodedError} `NOT_FOUND` for a message that one may not read, `BAD_REQUEST` for one that is not voice,
   * `RETRY_LATER` when too many wait
   */
  note(userId: string, said: VoicePosition, socketId?: string): Promise<void> {
    const key = `${said.messageId}|${userId}`
    return this.#inOrder.run(key, () => this.#note(key, userId, said, socketId))
  }

  async #note(
    key: string,
    userId: string,
    { messageId, position }: VoicePosition,
    socketId: string | undefined,
  ): Promise<void> {
    const playable = this.#playable.get(messageId) ?? (await this.#find(messageId))
    if (!playable || !(await this.#access.mayRead(userId, playable.conversationId))) {
      throw new CodedError('NOT_FOUND', 'There is no such message.', { field: 'messageId' })
    }
    const { conversationId, duration } = playable
    if (duration === undefined) {
      throw new CodedError('BAD_REQUEST', 'This is no voice message.', { field: 'messageId' })
    }
    if (this.#pending.size >= maxPending && !this.#pending.has(key)) {
      throw new CodedError('RETRY_LATER', 'Too many positions wait to be stored.', { retryAfterMs: 1_000 })
    }
    const heard = position > duration - heardSeconds
    const rounded = heard ? 0 : Math.round(position * 10) / 10
    this.#pending.set(key, { userId, messageId, conversationId, position: rounded, socketId })
  }

  async flush(): Promise<void> {
    const batch = this.#pending
    if (batch.size === 0) return
    this.#pending = new Map()
    const waiting = [...batch]
    for (let i = 0; i < waiting.length; i += writesAtOnce) {
      try {
        await Promise.all(waiting.slice(i, i + writesAtOnce).map(([, pending]) => this.#keep(pending)))
      } catch (error) {
        // What is left is kept for the next time, but for what came in meanwhile.
        this.#pending = new Map([...waiting.slice(i), ...this.#pending])
        throw error
      }
    }
  }

  /** Messages with the viewer's positions in them. */
  async apply(userId: string, conversationId: string, messages: Message[]): Promise<Message[]> {
    if (!messages.some(({ voiceMessage }) => voiceMessage)) return messages
    const positions = await this.#store.of(userId, conversationId)
    return messages.map((message) => {
      const position = positions.get(message._id)
      if (!message.voiceMessage || position === undefined) return message
      return { ...message, voiceMessage: { ...message.voiceMessage, position } }
    })
  }

  /** All of a user's positions in a conversation, seconds by message. */
  async of(userId: string, conversationId: string): Promise<Record<string, number>> {
    return Object.fromEntries(await this.#store.of(userId, conversationId))
  }

  async #keep({ userId, messageId, conversationId, position, socketId }: Pending): Promise<void> {
    // Deleted since: nothing of it is to come back.
    if (position > 0 && !(await this.#messages.byId(messageId))?.voiceMessage) return
    await this.#store.set(userId, { messageId, conversationId }, position)
    const changed = { messageId, conversationId, position }
    this.#fanout.toUser(userId, 'voice_position_changed', changed, { exceptSocketId: socketId })
  }

  async #find(messageId: string): Promise<Playable | undefined> {
    const doc = await this.#messages.byId(messageId)
    if (!doc || doc.isVoid) return undefined
    const { conversationId, voiceMessage } = doc
    const playable = { conversationId, ...(voiceMessage && { duration: voiceMessage.duration }) }
    this.#playable.set(messageId, playable)
    return playable
  }
}
