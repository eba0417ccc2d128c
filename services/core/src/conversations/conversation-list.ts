import type { Conversation, ConversationList } from '@earshot/protocol'
import { nameOf, type UserStore } from '../accounts/user-store.ts'
import { fromDbId } from '../clients/mongo.ts'
import { toMessage } from '../messages/message-doc.ts'
import type { ConversationStore } from './conversation-store.ts'
import type { GroupService } from './group-service.ts'
import type { MembershipStore } from './membership-store.ts'

/** A user's conversations with their last messages, without reading messages. */
export class ConversationLister {
  readonly #conversations: ConversationStore
  readonly #memberships: MembershipStore
  readonly #groups: GroupService
  readonly #users: UserStore

  constructor(deps: {
    conversations: ConversationStore
    memberships: MembershipStore
    groups: GroupService
    users: UserStore
  }) {
    this.#conversations = deps.conversations
    this.#memberships = deps.memberships
    this.#groups = deps.groups
    this.#users = deps.users
  }

  async list(userId: string, limit: number): Promise<ConversationList> {
    const groupIds = await this.#memberships.groupsOf(userId)
    const [docs, groupNames] = await Promise.all([
      this.#conversations.list(userId, groupIds, limit),
      this.#groups.names(groupIds),
    ])
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
        headSeq: doc.headSeq,
      }
    })
    return { conversations }
  }
}
