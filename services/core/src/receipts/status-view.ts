import { directMembers, type Message } from '@earshot/protocol'
import type { UserSettings } from '../accounts/user-settings.ts'
import { type GroupSizes, largeGroup } from '../conversations/group-sizes.ts'
import type { MembershipStore } from '../conversations/membership-store.ts'
import type { Marks } from './marks.ts'

/** What the sender of a message may see of its way: `sent`, `delivered` to all, `read` by all. */
export class StatusView {
  readonly #marks: Marks
  readonly #memberships: MembershipStore
  readonly #sizes: GroupSizes
  readonly #settings: UserSettings

  constructor(deps: {
    marks: Marks
    memberships: MembershipStore
    sizes: GroupSizes
    settings: UserSettings
  }) {
    this.#marks = deps.marks
    this.#memberships = deps.memberships
    this.#sizes = deps.sizes
    this.#settings = deps.settings
  }

  /** Sets the status of the viewer's own messages. */
  async apply(viewerId: string, conversationId: string, messages: Message[]): Promise<Message[]> {
    if (!messages.some(({ sender }) => sender._id === viewerId)) return messages
    const { deliveredSeq, readSeq } = await this.#reached(viewerId, conversationId)
    return messages.map((message) => {
      if (message.sender._id !== viewerId) return message
      const status = message.seq <= readSeq ? 'read' : message.seq <= deliveredSeq ? 'delivered' : 'sent'
      return { ...message, status }
    })
  }

  /** How far all others have got. */
  async #reached(
    viewerId: string,
    conversationId: string,
  ): Promise<{ deliveredSeq: number; readSeq: number }> {
    const others = await this.#others(viewerId, conversationId)
    const nothing = { deliveredSeq: 0, readSeq: 0 }
    if (others.length === 0) return nothing
    const marks = await this.#marks.find(others.map((userId) => ({ conversationId, userId })))
    const reached = { deliveredSeq: Number.MAX_SAFE_INTEGER, readSeq: Number.MAX_SAFE_INTEGER }
    for (const mark of marks) {
      if (!mark) return nothing
      reached.deliveredSeq = Math.min(reached.deliveredSeq, Math.max(mark.deliveredSeq, mark.readSeq))
      reached.readSeq = Math.min(reached.readSeq, mark.readSeq)
    }
    const shown = await this.#settings.receiptsShown([viewerId, ...others])
    return shown ? reached : { ...nothing, deliveredSeq: reached.deliveredSeq }
  }

  async #others(viewerId: string, conversationId: string): Promise<string[]> {
    const direct = directMembers(conversationId)
    if (direct) return direct.filter((userId) => userId !== viewerId)
    if ((await this.#sizes.about(conversationId)) > largeGroup) return []
    const members = await this.#memberships.members(conversationId)
    return members.map(({ userId }) => userId).filter((userId) => userId !== viewerId)
  }
}
