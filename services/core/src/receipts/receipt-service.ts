import { CodedError, directMembers, type Mark, type Receipt } from '@earshot/protocol'
import { LRUCache } from 'lru-cache'
import type { UserSettings } from '../accounts/user-settings.ts'
import type { ConversationAccess } from '../conversations/access.ts'
import { type GroupSizes, largeGroup } from '../conversations/group-sizes.ts'
import type { Fanout } from '../fanout.ts'
import type { MessageStore } from '../messages/message-store.ts'
import type { Sequencer } from '../messages/sequencer.ts'
import { noteId } from './mark-kind.ts'
import type { Marks } from './marks.ts'

type Kind = 'delivered' | 'read' | 'played'

/** A mark that moved, to be told. */
interface Moved {
  conversationId: string
  userId: string
  plays: Play[]
}

/** Of a voice message, with who said it. */
interface Play {
  seq: number
  senderId: string
}

type ToldMark = Mark & { conversationId: string }

const sendersLookedAt = 200
/** Marks that may wait to be told; beyond it the others learn by their next list or history. */
const maxUntold = 50_000

/**
 * Receipts move watermarks, which are kept before a receipt is acknowledged. What moves within a moment is told once: with
 * what is kept by then, so that nobody sees a mark move back.
 */
export class ReceiptService {
  readonly #marks: Marks
  readonly #messages: MessageStore
  readonly #access: ConversationAccess
  readonly #sizes: GroupSizes
  readonly #settings: UserSettings
  readonly #sequencer: Sequencer
  readonly #fanout: Fanout
  #untold = new Map<string, Moved>()
  /** What was told last by this node. */
  readonly #told = new LRUCache<string, { deliveredSeq: number; readSeq: number }>({ max: 50_000 })

  constructor(deps: {
    marks: Marks
    messages: MessageStore
    access: ConversationAccess
    sizes: GroupSizes
    settings: UserSettings
    sequencer: Sequencer
    fanout: Fanout
  }) {
    this.#marks = deps.marks
    this.#messages = deps.messages
    this.#access = deps.access
    this.#sizes = deps.sizes
    this.#settings = deps.settings
    this.#sequencer = deps.sequencer
    this.#fanout = deps.fanout
  }

  /** @throws {CodedError} `NOT_FOUND` for a conversation that one may not read, `BAD_REQUEST` past its head, and for playing what is no voice */
  async note(userId: string, kind: Kind, { conversationId, seq }: Receipt): Promise<void> {
    if (!(await this.#access.mayRead(userId, conversationId))) {
      throw new CodedError('NOT_FOUND', 'There is no such conversation.', { field: 'conversationId' })
    }
    // A mark past the head would call messages read that do not exist yet.
    const head = await this.#sequencer.head(conversationId, (id) => this.#messages.headSeq(id))
    if (seq > head) {
      throw new CodedError('BAD_REQUEST', 'There is no message of this seq yet.', { field: 'seq' })
    }
    const plays = kind === 'played' ? await this.#playOf(userId, conversationId, seq) : []
    if (kind === 'played' && plays.length === 0) return
    await this.#marks.raise({
      conversationId,
      userId,
      deliveredSeq: kind === 'played' ? 0 : seq,
      readSeq: kind === 'read' ? seq : 0,
      playedSeqs: plays.map((play) => play.seq),
    })
    this.#toTell({ conversationId, userId, plays })
  }

  /** Each is kept for itself: only of what can be played. Who hears their own again has not played it. */
  async #playOf(userId: string, conversationId: string, seq: number): Promise<Play[]> {
    const senderId = await this.#messages.voiceSenderAt(conversationId, seq)
    if (senderId === undefined) {
      throw new CodedError('BAD_REQUEST', 'This is no voice message.', { field: 'seq' })
    }
    return senderId === userId ? [] : [{ seq, senderId }]
  }

  /** Tells what moved since the last time. */
  async flush(): Promise<void> {
    const batch = [...this.#untold.values()]
    if (batch.length === 0) return
    this.#untold = new Map()
    try {
      const marks = await this.#marks.find(batch)
      await Promise.all(batch.map((moved, i) => this.#tell(moved, marks[i])))
    } catch (error) {
      for (const moved of batch) this.#toTell(moved)
      throw error
    }
  }

  #toTell(moved: Moved): void {
    const key = noteId(moved)
    const before = this.#untold.get(key)
    if (before) before.plays.push(...moved.plays)
    else if (this.#untold.size < maxUntold) this.#untold.set(key, moved)
  }

  async #tell({ conversationId, userId, plays }: Moved, mark: Mark | undefined): Promise<void> {
    if (!mark) return
    const { deliveredSeq, readSeq } = mark
    const now = { conversationId, userId, deliveredSeq, readSeq }
    await this.#tellMoved(now)
    if (plays.length > 0) await this.#tellPlayed(now, plays)
  }

  async #tellMoved(now: ToldMark): Promise<void> {
    const { conversationId, userId, deliveredSeq, readSeq } = now
    const key = noteId({ conversationId, userId })
    const before = this.#told.get(key) ?? { deliveredSeq: 0, readSeq: 0 }
    if (deliveredSeq <= before.deliveredSeq && readSeq <= before.readSeq) return
    // One's own devices share the mark whatever others may see.
    this.#fanout.toUser(userId, 'message_status_changed', now)
    for (const senderId of await this.#senders(now, before.deliveredSeq)) {
      const shown = await this.#settings.receiptsShown([userId, senderId])
      this.#fanout.toUser(senderId, 'message_status_changed', shown ? now : { ...now, readSeq: 0 })
    }
    this.#told.set(key, { deliveredSeq, readSeq })
  }

  /** To who plays it on their other devices, and to who said it; except, as with all receipts, in a large group. */
  async #tellPlayed(now: ToldMark, plays: Play[]): Promise<void> {
    const { conversationId, userId } = now
    const isLarge = !directMembers(conversationId) && (await this.#sizes.about(conversationId)) > largeGroup
    // What was said twice within the moment is told once.
    for (const [playedSeq, senderId] of new Map(plays.map(({ seq, senderId }) => [seq, senderId]))) {
      this.#fanout.toUser(userId, 'message_status_changed', { ...now, playedSeq })
      if (isLarge || !(await this.#access.mayRead(senderId, conversationId))) continue
      if (!(await this.#settings.receiptsShown([userId, senderId]))) continue
      this.#fanout.toUser(senderId, 'message_status_changed', { ...now, playedSeq })
    }
  }

  /** Those whose messages this concerns and who may know, except in a large group. */
  async #senders(mark: ToldMark, from: number): Promise<string[]> {
    const { conversationId, userId, deliveredSeq } = mark
    const members = directMembers(conversationId)
    if (members) return members.filter((member) => member !== userId)
    if ((await this.#sizes.about(conversationId)) > largeGroup) return []
    const start = Math.max(Math.min(from, mark.readSeq), deliveredSeq - sendersLookedAt)
    const senders = await this.#messages.senders(conversationId, start, deliveredSeq)
    const others = senders.filter((senderId) => senderId !== userId)
    // A sender may have left since.
    const stay = await Promise.all(others.map((senderId) => this.#access.mayRead(senderId, conversationId)))
    return others.filter((_, i) => stay[i])
  }
}
