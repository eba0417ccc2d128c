import { directMembers, type Message } from '@earshot/protocol'
import type { UserSettings } from '../accounts/user-settings.ts'
import { type GroupSizes, largeGroup } from '../conversations/group-sizes.ts'
import type { MembershipStore } from '../conversations/membership-store.ts'
import type { FullMark, Marks } from './marks.ts'

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

  /** Sets the status of the viewer's own messages, and who has played which. */
  async apply(viewerId: string, conversationId: string, messages: Message[]): Promise<Message[]> {
    const isOwn = ({ sender }: Message) => sender._id === viewerId
    const hasOwn = messages.some(isOwn)
    const hasVoice = messages.some(({ voiceMessage }) => voiceMessage)
    if (!hasOwn && !hasVoice) return messages
    const others = hasOwn ? await this.#others(viewerId, conversationId) : []
    const [own, ...marks] = await this.#marks.find(
      [viewerId, ...others].map((userId) => ({ conversationId, userId })),
    )
    const isShown = others.length > 0 && (await this.#settings.receiptsShown([viewerId, ...others]))
    const { deliveredSeq, readSeq } = reached(marks, isShown)
    const playersOfOwn = isShown ? marks.filter((mark) => mark !== undefined) : []
    return messages.map((message) => {
      const { seq } = message
      if (!isOwn(message)) return withPlayers(message, own ? [own] : [])
      const status = seq <= readSeq ? 'read' : seq <= deliveredSeq ? 'delivered' : 'sent'
      return { ...withPlayers(message, playersOfOwn), status }
    })
  }

  async #others(viewerId: string, conversationId: string): Promise<string[]> {
    const direct = directMembers(conversationId)
    if (direct) return direct.filter((userId) => userId !== viewerId)
    if ((await this.#sizes.about(conversationId)) > largeGroup) return []
    const members = await this.#memberships.members(conversationId)
    return members.map(({ userId }) => userId).filter((userId) => userId !== viewerId)
  }
}

/** How far all have got. */
function reached(
  marks: (FullMark | undefined)[],
  isShown: boolean,
): { deliveredSeq: number; readSeq: number } {
  const known = marks.filter((mark) => mark !== undefined)
  if (known.length === 0 || known.length < marks.length) return { deliveredSeq: 0, readSeq: 0 }
  return {
    deliveredSeq: Math.min(...known.map((mark) => Math.max(mark.deliveredSeq, mark.readSeq))),
    readSeq: isShown ? Math.min(...known.map((mark) => mark.readSeq)) : 0,
  }
}

function withPlayers(message: Message, marks: FullMark[]): Message {
  const { voiceMessage, seq } = message
  const playedBy = marks.filter(({ playedSeqs }) => playedSeqs.includes(seq)).map(({ userId }) => userId)
  if (!voiceMessage || playedBy.length === 0) return message
  return { ...message, voiceMessage: { ...voiceMessage, playedBy } }
}
