import type { Conversation, ConversationList, Mark } from '@earshot/protocol'
import type { UserSettings } from '../accounts/user-settings.ts'
import { nameOf, type UserStore } from '../accounts/user-store.ts'
import { fromDbId } from '../clients/mongo.ts'
import { toMessage } from '../messages/message-doc.ts'
import type { MarkDoc, MarkStore } from '../receipts/mark-store.ts'
import type { ConversationDoc, ConversationStore } from './conversation-store.ts'
import type { GroupService } from './group-service.ts'
import type { MembershipStore } from './membership-store.ts'

/** A user's conversations with their last messages, without reading messages. */
export class ConversationLister {
  readonly #marks: MarkStore
  readonly #settings: UserSettings
  readonly #conversations: ConversationStore
  readonly #memberships: MembershipStore
  readonly #groups: GroupService
  readonly #users: UserStore

  constructor(deps: {
    conversations: ConversationStore
    memberships: MembershipStore
    groups: GroupService
    users: UserStore
    marks: MarkStore
    settings: UserSettings
  }) {
    this.#marks = deps.marks
    this.#settings = deps.settings
    this.#conversations = deps.conversations
    this.#memberships = deps.memberships
    this.#groups = deps.groups
    this.#users = deps.users
  }

  /** @param before the `next` of the page before; absent: the newest */
  async list(userId: string, limit: number, before?: string): Promise<ConversationList> {
    const groupIds = await this.#memberships.groupsOf(userId)
    const [docs, groupNames, own] = await Promise.all([
      this.#conversations.list(userId, groupIds, limit, before),
      this.#groups.names(groupIds),
      this.#marks.ofUser(userId),
    ])
    const ownMarks = new Map(own.map((mark) => [mark.conversationId, mark]))
    const othersMarks = await this.#othersMarks(userId, docs)
    const people = [...new Set(docs.flatMap((doc) => doc.members ?? []))]
    const names = new Map((await this.#users.find(people)).map((doc) => [fromDbId(doc._id), nameOf(doc)]))
    const conversations = docs.map((doc): Conversation => {
      const name = doc.kind === 'group' ? groupNames.get(doc._id) : undefined
      return {
        _id: doc._id,
        kind: doc.kind,
        ...(name !== undefined && { name }),
        members: (doc.members ?? []).map((id) => ({ userId: id, name: names.get(id) ?? id })),
        lastMessage: doc.lastMessage ? toMessage(doc.lastMessage) : null,
        unreadCount: unread(userId, doc, ownMarks.get(doc._id)),
        marks: [ownMarks.get(doc._id), othersMarks.get(doc._id)].flatMap((mark) =>
          mark ? [toMark(mark)] : [],
        ),
        headSeq: doc.headSeq,
      }
    })
    const last = docs.at(-1)
    return { conversations, ...(docs.length === limit && last && { next: last.updatedAt.toISOString() }) }
  }

  /** The other's mark in each one-to-one conversation, where both show theirs. */
  async #othersMarks(userId: string, docs: ConversationDoc[]): Promise<Map<string, MarkDoc>> {
    const found = new Map<string, MarkDoc>()
    await Promise.all(
      docs.map(async ({ _id, members }) => {
        const other = members?.find((member) => member !== userId)
        if (other === undefined || !(await this.#settings.receiptsShown([userId, other]))) return
        const mark = await this.#marks.one(_id, other)
        if (mark) found.set(_id, mark)
      }),
    )
    return found
  }
}

/** Who wrote the last message has read what came before it. */
function unread(userId: string, doc: ConversationDoc, own: MarkDoc | undefined): number {
  if (doc.lastMessage?.sender._id === userId) return 0
  return Math.max(0, doc.headSeq - (own?.readSeq ?? 0))
}

function toMark({ userId, deliveredSeq, readSeq }: MarkDoc): Mark {
  return { userId, deliveredSeq, readSeq }
}
