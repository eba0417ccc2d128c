import { directMembers, type Message } from '@earshot/protocol'
import type { UserSettings } from '../accounts/user-settings.ts'
import { type GroupSizes, largeGroup } from '../conversations/group-sizes.ts'
import type { MembershipStore } from '../conversations/membership-store.ts'
import { noteId } from './mark-kind.ts'
import type { MarkPlace, Marks } from './marks.ts'
import { type Progress, statusOf } from './message-status.ts'
import { type FullMark, withPlayers } from './players.ts'

/** Messages of one conversation. */
export interface Shown {
  conversationId: string
  messages: Message[]
}

type Other = Pick<Progress, 'userId' | 'joinedAt'>

/** With the other members, where the viewer's own messages are to be shown. */
interface Asked extends Shown {
  others: Other[]
}

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
    const [applied = []] = await this.applyEach(viewerId, [{ conversationId, messages }])
    return applied
  }

  /** The same in many conversations, whose marks are read in one go. */
  async applyEach(viewerId: string, shown: Shown[]): Promise<Message[][]> {
    const asked = await Promise.all(
      shown.map(async ({ conversationId, messages }): Promise<Asked> => {
        const hasOwn = messages.some(({ sender }) => sender._id === viewerId)
        const others = hasOwn ? await this.#others(viewerId, conversationId) : []
        return { conversationId, messages, others }
      }),
    )
    const [hiding, marks] = await Promise.all([
      this.#hiding(viewerId, asked),
      this.#marksOf(asked.flatMap((one) => placesOf(viewerId, one))),
    ])
    return asked.map(({ conversationId, messages, others }) => {
      const own = marks.get(noteId({ conversationId, userId: viewerId }))
      const progress = others.map((other) => ({
        ...other,
        mark: marks.get(noteId({ conversationId, userId: other.userId })),
        isShown: !hiding.has(viewerId) && !hiding.has(other.userId),
      }))
      const players = progress.flatMap(({ mark, isShown }) => (mark && isShown ? [mark] : []))
      return messages.map((message) => {
        if (message.sender._id !== viewerId) return withPlayers(message, own ? [own] : [])
        return { ...withPlayers(message, players), status: statusOf(message, progress) }
      })
    })
  }

  async #hiding(viewerId: string, asked: Asked[]): Promise<Set<string>> {
    const others = new Set(asked.flatMap((one) => one.others.map(({ userId }) => userId)))
    return others.size > 0 ? this.#settings.hiding([viewerId, ...others]) : new Set()
  }

  async #marksOf(places: MarkPlace[]): Promise<Map<string, FullMark | undefined>> {
    const found = await this.#marks.find(places)
    return new Map(places.map((place, i) => [noteId(place), found[i]]))
  }

  async #others(viewerId: string, conversationId: string): Promise<Other[]> {
    const direct = directMembers(conversationId)
    if (!direct && (await this.#sizes.about(conversationId)) > largeGroup) return []
    const members: Other[] = direct
      ? direct.map((userId) => ({ userId }))
      : await this.#memberships.joined(conversationId)
    return members.filter(({ userId }) => userId !== viewerId)
  }
}

/** One's own mark tells what one has played of others, theirs what they have played of one's own; nothing else is asked for. */
function placesOf(viewerId: string, { conversationId, messages, others }: Asked): MarkPlace[] {
  const voices = messages.filter(({ voiceMessage }) => voiceMessage)
  const [said, heard] = [true, false].map((isOwn) =>
    voices.filter(({ sender }) => (sender._id === viewerId) === isOwn).map(({ seq }) => seq),
  ) as [number[], number[]]
  return [
    ...(heard.length > 0 ? [{ conversationId, userId: viewerId, voiceSeqs: heard }] : []),
    ...others.map(({ userId }) => ({ conversationId, userId, voiceSeqs: said })),
  ]
}
