import type { Conversation, ConversationList, Mark } from '@earshot/protocol'
import type { UserSettings } from '../accounts/user-settings.ts'
import { nameOf, type UserStore } from '../accounts/user-store.ts'
import { fromDbId } from '../clients/mongo.ts'
import { toMessage } from '../messages/message-doc.ts'
import type { FullMark, Marks } from '../receipts/marks.ts'
import { decodeCursor, encodeCursor } from './conversation-cursor.ts'
import type { ConversationHeads } from './conversation-heads.ts'
import { conversationPage } from './conversation-page.ts'
import type { ConversationDoc, ConversationStore } from './conversation-store.ts'
import type { GroupService } from './group-service.ts'
import type { MembershipStore } from './membership-store.ts'

/** A user's conversations with their last messages, without reading messages. */
export class ConversationLister {
  readonly #marks: Marks
  readonly #settings: UserSettings
  readonly #conversations: ConversationStore
  readonly #heads: ConversationHeads
  readonly #memberships: MembershipStore
  readonly #groups: GroupService
  readonly #users: UserStore

  constructor(deps: {
    conversations: ConversationStore
    heads: ConversationHeads
    memberships: MembershipStore
    groups: GroupService
    users: UserStore
    marks: Marks
    settings: UserSettings
  }) {
    this.#marks = deps.marks
    this.#settings = deps.settings
    this.#conversations = deps.conversations
    this.#heads = deps.heads
    this.#memberships = deps.memberships
    this.#groups = deps.groups
    this.#users = deps.users
  }

  /**
   * @param before the `next` of the page before; absent: the newest
   * @throws {CodedError} `BAD_REQUEST` for a `before` that never was a `next`
   */
  async list(userId: string, limit: number, before?: string): Promise<ConversationList> {
    const after = before === undefined ? undefined : decodeCursor(before)
    const groupIds = await this.#memberships.groupsOf(userId)
    const docs = await conversationPage(
      { conversations: this.#conversations, heads: this.#heads },
      { userId, groupIds },
      { limit, after },
    )
    const people = [...new Set(docs.flatMap((doc) => doc.members ?? []))]
    const [groupNames, users, marks] = await Promise.all([
      this.#groups.names(docs.filter(({ kind }) => kind === 'group').map(({ _id }) => _id)),
      this.#users.find(people),
      this.#marksOf(userId, docs),
    ])
    const names = new Map(users.map((doc) => [fromDbId(doc._id), nameOf(doc)]))
    const conversations = docs.map((doc, i): Conversation => {
      const name = doc.kind === 'group' ? groupNames.get(doc._id) : undefined
      const [own, others] = marks[i] ?? []
      return {
        _id: doc._id,
        kind: doc.kind,
        ...(name !== undefined && { name }),
        members: (doc.members ?? []).map((id) => ({ userId: id, name: names.get(id) ?? id })),
        lastMessage: doc.lastMessage ? toMessage(doc.lastMessage) : null,
        unreadCount: unread(userId, doc, own),
        marks: [own, others].filter((mark) => mark !== undefined),
        headSeq: doc.headSeq,
      }
    })
    const last = docs.length === limit ? docs.at(-1) : undefined
    return { conversations, ...(last && { next: encodeCursor({ updatedAt: last.updatedAt, id: last._id }) }) }
  }

  /** One's own mark in each, and the other's in one-to-one conversations where both show theirs. */
  async #marksOf(userId: string, docs: ConversationDoc[]): Promise<(Mark | undefined)[][]> {
    const whose = await Promise.all(
      docs.map(async ({ members }) => {
        const other = members?.find((member) => member !== userId)
        const isShown = other !== undefined && (await this.#settings.receiptsShown([userId, other]))
        return isShown ? [userId, other] : [userId]
      }),
    )
    const places = docs.flatMap(({ _id }, i) =>
      (whose[i] ?? []).map((member) => ({ conversationId: _id, userId: member })),
    )
    const marks = (await this.#marks.find(places)).values()
    return whose.map((of) => of.map(() => toMark(marks.next().value)))
  }
}

function toMark(full: FullMark | undefined): Mark | undefined {
  if (!full) return undefined
  const { playedSeqs: _, ...mark } = full
  return mark
}

/** Who wrote the last message has read what came before it. */
function unread(userId: string, doc: ConversationDoc, own: Mark | undefined): number {
  if (doc.lastMessage?.sender._id === userId) return 0
  return Math.max(0, doc.headSeq - (own?.readSeq ?? 0))
}
