import { CodedError, directMembers, type Receipt } from '@earshot/protocol'
import { LRUCache } from 'lru-cache'
import type { UserSettings } from '../accounts/user-settings.ts'
import type { ConversationAccess } from '../conversations/access.ts'
import type { Fanout } from '../fanout.ts'
import type { MessageStore } from '../messages/message-store.ts'
import type { Sequencer } from '../messages/sequencer.ts'
import { type MarkDoc, type MarkStore, markId } from './mark-store.ts'

type Kind = 'delivered' | 'read' | 'played'

interface Pending {
  conversationId: string
  userId: string
  deliveredSeq: number
  readSeq: number
  playedSeqs: number[]
}

const sendersLookedAt = 200

/**
 * Receipts move watermarks. What comes in within a moment is coalesced, written in bulk, and only then told: with what
 * MongoDB has by then, so that nobody sees a mark move back.
 */
export class ReceiptService {
  readonly #marks: MarkStore
  readonly #messages: MessageStore
  readonly #access: ConversationAccess
  readonly #settings: UserSettings
  readonly #sequencer: Sequencer
  readonly #fanout: Fanout
  #pending = new Map<string, Pending>()
  /** What was told last by this node. */
  readonly #told = new LRUCache<string, { deliveredSeq: number; readSeq: number }>({ max: 50_000 })

  constructor(deps: {
    marks: MarkStore
    messages: MessageStore
    access: ConversationAccess
    settings: UserSettings
    sequencer: Sequencer
    fanout: Fanout
  }) {
    this.#marks = deps.marks
    this.#messages = deps.messages
    this.#access = deps.access
    this.#settings = deps.settings
    this.#sequencer = deps.sequencer
    this.#fanout = deps.fanout
  }

  /** @throws {CodedError} `NOT_FOUND` for a conversation that one may not read, `BAD_REQUEST` past its head */
  async note(userId: string, kind: Kind, { conversationId, seq }: Receipt): Promise<void> {
    if (!(await this.#access.mayRead(userId, conversationId))) {
      throw new CodedError('NOT_FOUND', 'There is no such conversation.', { field: 'conversationId' })
    }
    // A mark past the head would call messages read that do not exist yet.
    if (seq > (await this.#sequencer.head(conversationId))) {
      throw new CodedError('BAD_REQUEST', 'There is no message of this seq yet.', { field: 'seq' })
    }
    const key = markId(conversationId, userId)
    const pending = this.#pending.get(key) ?? {
      conversationId,
      userId,
      deliveredSeq: 0,
      readSeq: 0,
      playedSeqs: [],
    }
    if (kind === 'played') pending.playedSeqs.push(seq)
    else {
      pending.deliveredSeq = Math.max(pending.deliveredSeq, seq)
      if (kind === 'read') pending.readSeq = Math.max(pending.readSeq, seq)
    }
    this.#pending.set(key, pending)
  }

  async flush(): Promise<void> {
    const batch = this.#pending
    if (batch.size === 0) return
    this.#pending = new Map()
    try {
      await this.#marks.raise([...batch.values()])
    } catch (error) {
      // Kept for the next time, with what came in meanwhile.
      for (const [key, pending] of batch) this.#pending.set(key, merge(pending, this.#pending.get(key)))
      throw error
    }
    await Promise.all([...batch.values()].map((pending) => this.#tell(pending)))
  }

  async #tell({ conversationId, userId, playedSeqs }: Pending): Promise<void> {
    const mark = await this.#marks.one(conversationId, userId)
    if (!mark) return
    const key = markId(conversationId, userId)
    const before = this.#told.get(key) ?? { deliveredSeq: 0, readSeq: 0 }
    const moved = mark.deliveredSeq > before.deliveredSeq || mark.readSeq > before.readSeq
    this.#told.set(key, { deliveredSeq: mark.deliveredSeq, readSeq: mark.readSeq })
    if (!moved && playedSeqs.length === 0) return
    const { deliveredSeq, readSeq } = mark
    const own = { conversationId, userId, deliveredSeq, readSeq }
    // One's own devices share the mark whatever others may see.
    this.#fanout.toUser(userId, 'message_status_changed', own)
    for (const senderId of await this.#senders(mark, before.deliveredSeq)) {
      const shown = await this.#settings.receiptsShown([userId, senderId])
      const seen = shown ? own : { ...own, readSeq: 0 }
      this.#fanout.toUser(senderId, 'message_status_changed', seen)
      if (!shown) continue
      for (const playedSeq of playedSeqs) {
        this.#fanout.toUser(senderId, 'message_status_changed', { ...own, playedSeq })
      }
    }
  }

  /** Those whose messages this concerns. */
  async #senders(mark: MarkDoc, from: number): Promise<string[]> {
    const { conversationId, userId, deliveredSeq } = mark
    const members = directMembers(conversationId)
    if (members) return members.filter((member) => member !== userId)
    const start = Math.max(Math.min(from, mark.readSeq), deliveredSeq - sendersLookedAt)
    const senders = await this.#messages.senders(conversationId, start, deliveredSeq)
    return senders.filter((senderId) => senderId !== userId)
  }
}

function merge(a: Pending, b: Pending | undefined): Pending {
  if (!b) return a
  return {
    ...a,
    deliveredSeq: Math.max(a.deliveredSeq, b.deliveredSeq),
    readSeq: Math.max(a.readSeq, b.readSeq),
    playedSeqs: [...a.playedSeqs, ...b.playedSeqs],
  }
}
