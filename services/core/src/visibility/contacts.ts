import { directConversationId } from '@earshot/protocol'
import { LRUCache } from 'lru-cache'
import type { Collection, Db } from 'mongodb'
import type { ConversationDoc } from '../conversations/conversation-store.ts'
import type { MessageStore } from '../messages/message-store.ts'

/** That somebody is no contact is believed for so long, should the announcement of a first message be lost. */
const strangerMs = 10_000
/** Of one person's contacts, those of so many conversations are looked at, the newest. */
const conversationsLookedAt = 500
const messagesPerRead = 500
const atOnce = 16

/** What is known of whether one wrote to another. Once they did, it stays so. */
interface Known {
  isContact: boolean
  /** Messages up to here were looked at. */
  seq: number
  /** By the monotonic clock. */
  at: number
}

/**
 * Whom a user has written to in a one-to-one conversation. The messages say so; who is only written to has chosen
 * nothing, and a stranger does not become a contact by writing.
 */
export class Contacts {
  readonly #conversations: Collection<ConversationDoc>
  readonly #messages: MessageStore
  readonly #known = new LRUCache<string, Known>({ max: 100_000 })

  constructor(db: Db, messages: MessageStore) {
    this.#conversations = db.collection<ConversationDoc>('conversations')
    this.#messages = messages
  }

  /** `undefined`: that takes a look-up. */
  hasNow(ownerId: string, otherId: string): boolean | undefined {
    const known = this.#known.get(key(ownerId, otherId))
    if (!known || (!known.isContact && performance.now() - known.at > strangerMs)) return undefined
    return known.isContact
  }

  async has(ownerId: string, otherId: string): Promise<boolean> {
    return this.hasNow(ownerId, otherId) ?? (await this.#lookUp(ownerId, otherId))
  }

  /** They wrote just now. */
  note(ownerId: string, otherId: string): void {
    this.#known.set(key(ownerId, otherId), { isContact: true, seq: 0, at: 0 })
  }

  /** The contacts of a user. */
  async of(ownerId: string): Promise<string[]> {
    const docs = await this.#conversations
      .find({ members: ownerId }, { projection: { members: 1, 'lastMessage.sender': 1 } })
      .sort({ updatedAt: -1 })
      .limit(conversationsLookedAt)
      .toArray()
    const others: string[] = []
    for (const { members, lastMessage } of docs) {
      const otherId = members?.find((member) => member !== ownerId)
      if (otherId === undefined) continue
      others.push(otherId)
      if (lastMessage?.sender._id === ownerId) this.note(ownerId, otherId)
    }
    const contacts: string[] = []
    for (let i = 0; i < others.length; i += atOnce) {
      const some = others.slice(i, i + atOnce)
      const are = await Promise.all(some.map((otherId) => this.has(ownerId, otherId)))
      contacts.push(...some.filter((_, at) => are[at]))
    }
    return contacts
  }

  /** Only messages that were not there the last time are read. */
  async #lookUp(ownerId: string, otherId: string): Promise<boolean> {
    const conversationId = directConversationId(ownerId, otherId)
    const startedAt = performance.now()
    const head = await this.#messages.headSeq(conversationId)
    let seq = this.#known.get(key(ownerId, otherId))?.seq ?? 0
    let isContact = false
    while (seq < head && !isContact) {
      const upTo = Math.min(head, seq + messagesPerRead)
      isContact = (await this.#messages.senders(conversationId, seq, upTo)).includes(ownerId)
      seq = upTo
    }
    // A first message may have been announced meanwhile.
    if (this.hasNow(ownerId, otherId)) return true
    this.#known.set(key(ownerId, otherId), { isContact, seq, at: startedAt })
    return isContact
  }
}

function key(ownerId: string, otherId: string): string {
  return `${ownerId.length}:${ownerId}:${otherId}`
}
