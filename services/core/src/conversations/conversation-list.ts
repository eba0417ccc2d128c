import type { Conversation, ConversationList, Mark, Message } from '@earshot/protocol'
import type { UserSettings } from '../accounts/user-settings.ts'
import { nameOf, type UserStore } from '../accounts/user-store.ts'
import { fromDbId } from '../clients/mongo.ts'
import { toMessage } from '../messages/message-doc.ts'
import type { Marks } from '../receipts/marks.ts'
import type { StatusView } from '../receipts/status-view.ts'
import { decodeCursor, encodeCursor } from './conversation-cursor.ts'
import type { ConversationHeads } from './conversation-heads.ts'
import { conversationPage } from './conversation-page.ts'
import type { ConversationDoc, ConversationStore } from './conversation-store.ts'
import type { GroupService } from './group-service.ts'
import { writerKey } from './head.ts'
import type { MembershipStore } from './membership-store.ts'

/** A user's conversations with their last messages, without reading messages. */
export class ConversationLister {
  readonly #marks: Marks
  readonly #status: StatusView
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
    status: StatusView
    settings: UserSettings
  }) {
    this.#marks = deps.marks
    this.#status = deps.status
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
    const [groupNames, users, marks, lastMessages] = await Promise.all([
      this.#groups.names(docs.filter(({ kind }) => kind === 'group').map(({ _id }) => _id)),
      this.#users.find(people),
      this.#marksOf(userId, docs),
      this.#lastMessages(userId, docs),
    ])
    const names = new Map(users.map((doc) => [fromDbId(doc._id), nameOf(doc)]))
    const conversations = docs.flatMap((doc, i): Conversation | [] => {
      // Of a group that was half made, or half deleted, when its node died, there is nothing else.
      const name = groupNames.get(doc._id)
      if (doc.kind === 'group' && name === undefined) return []
      const [own, others] = marks[i] ?? []
      return {
        _id: doc._id,
        kind: doc.kind,
        ...(name !== undefined && { name }),
        members: (doc.members ?? []).map((id) => ({ userId: id, name: names.get(id) ?? id })),
        lastMessage: lastMessages[i]?.[0] ?? null,
        unreadCount: unread(userId, doc, own),
        marks: [own, others].filter((mark) => mark !== undefined),
        headSeq: doc.headSeq,
      }
    })
    const last = docs.length === limit ? docs.at(-1) : undefined
    return { conversations, ...(last && { next: encodeCursor({ updatedAt: last.updatedAt, id: last._id }) }) }
  }

  /** As the user sees them: with the status of their own. */
  #lastMessages(userId: string, docs: ConversationDoc[]): Promise<Message[][]> {
    return this.#status.applyEach(
      userId,
      docs.map(({ _id, lastMessage }) => ({
        conversationId: _id,
        messages: lastMessage ? [toMessage(lastMessage)] : [],
      })),
    )
  }

  /** One's own mark in each, and the other's in one-to-one conversations; what they have read, where both show theirs. */
  async #marksOf(userId: string, docs: ConversationDoc[]): Promise<(Mark | undefined)[][]> {
    const whose = docs.map(({ members }) => {
      const other = members?.find((member) => member !== userId)
      return other === undefined ? [userId] : [userId, other]
    })
    const hiding = await this.#settings.hiding([...new Set([userId, ...whose.flat()])])
    const places = docs.flatMap(({ _id }, i) =>
      (whose[i] ?? []).map((member) => ({ conversationId: _id, userId: member })),
    )
    const marks = (await this.#marks.find(places)).values()
    const isShown = (member: string) => member === userId || !(hiding.has(userId) || hiding.has(member))
    return whose.map((of) => of.map((member) => toMark(marks.next().value, isShown(member))))
  }
}

function toMark(full: Mark | undefined, isShown: boolean): Mark | undefined {
  if (!full) return undefined
  const { userId, deliveredSeq, readSeq } = full
  return { userId, deliveredSeq: Math.max(deliveredSeq, readSeq), readSeq: isShown ? readSeq : 0 }
}

/** What one wrote oneself, and what comes before that, is read. */
function unread(
  userId: string,
  { headSeq, lastMessage, wrote }: ConversationDoc,
  own: Mark | undefined,
): number {
  if (lastMessage?.sender._id === userId) return 0
  const readSeq = Math.max(own?.readSeq ?? 0, wrote?.[writerKey(userId)] ?? 0)
  return Math.max(0, headSeq - readSeq)
}
