import { CodedError, directConversationId, directMembers } from '@earshot/protocol'
import type { UserStore } from '../accounts/user-store.ts'
import type { Visibility } from '../visibility/visibility.ts'
import type { MembershipStore } from './membership-store.ts'

/** Where a message goes: to one person or to a group. */
export type Target =
  | { kind: 'direct'; conversationId: string; recipientId: string }
  | { kind: 'group'; conversationId: string; groupId: string }

/** Who may send where and read what. Decided here, from the token's subject, and nowhere else. */
export class ConversationAccess {
  readonly #memberships: MembershipStore
  readonly #users: UserStore
  readonly #visibility: Visibility

  constructor(deps: { memberships: MembershipStore; users: UserStore; visibility: Visibility }) {
    this.#memberships = deps.memberships
    this.#users = deps.users
    this.#visibility = deps.visibility
  }

  /** @throws {CodedError} `NOT_FOUND` when the recipient never existed, `FORBIDDEN` when they blocked the sender */
  async directTarget(senderId: string, recipientId: string): Promise<Target> {
    if (!(await this.#users.exists(recipientId))) {
      throw new CodedError('NOT_FOUND', 'There is no such user.', { field: 'recipientId' })
    }
    await this.#mustNotBeBlocked(senderId, recipientId, 'recipientId')
    return { kind: 'direct', conversationId: directConversationId(senderId, recipientId), recipientId }
  }

  /** @throws {CodedError} `NOT_FOUND` for a group that does not exist and for one that is none of theirs */
  async groupTarget(senderId: string, groupId: string): Promise<Target> {
    if (!(await this.#memberships.role(groupId, senderId))) {
      throw new CodedError('NOT_FOUND', 'There is no such group.', { field: 'groupId' })
    }
    return { kind: 'group', conversationId: groupId, groupId }
  }

  /**
   * To add to what was said in a conversation that one may read: an edit, a reaction.
   * @throws {CodedError} `FORBIDDEN` when the other one of two has blocked the user
   */
  async mustBeHeard(userId: string, { conversationId }: { conversationId: string }): Promise<void> {
    const other = directMembers(conversationId)?.find((member) => member !== userId)
    if (other !== undefined) await this.#mustNotBeBlocked(userId, other, 'messageId')
  }

  async mayRead(userId: string, conversationId: string): Promise<boolean> {
    const members = directMembers(conversationId)
    if (members) return members.includes(userId)
    return (await this.#memberships.role(conversationId, userId)) !== null
  }

  async #mustNotBeBlocked(userId: string, by: string, field: string): Promise<void> {
    if (userId === by || !(await this.#visibility.rulesOf(by)).blocked.has(userId)) return
    throw new CodedError('FORBIDDEN', 'You cannot write to this user.', { field })
  }
}
