import { directMembers } from '@earshot/protocol'
import type { Call, Entry, Stamp } from '../record.ts'

/** The contract: one who is removed hears nothing more within a second. */
export const removalMs = 1_000

interface Change {
  kind: 'add' | 'remove'
  start: Stamp
  /** Missing: it may take effect at any time, or never. */
  end?: Stamp | undefined
}

/** Errors after which it is certain that nothing was changed. */
const refusals = new Set(['BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'UNAUTHENTICATED', 'TOO_LARGE'])

/**
 * Who was in which conversation when. While a change is under way nobody can tell: both questions are answered `false`
 * then.
 */
export class Membership {
  readonly #changes = new Map<string, Change[]>()

  constructor(entries: readonly Entry[]) {
    for (const entry of entries) if (entry.kind === 'call') this.#note(entry)
  }

  /** Certainly no member, and not of late either. */
  isOut(conversationId: string, user: string, at: Stamp): boolean {
    const direct = directMembers(conversationId)
    if (direct) return !direct.includes(user)
    const changes = this.#of(conversationId, user).filter(({ start }) => start.index < at.index)
    const adds = changes.filter(({ kind }) => kind === 'add')
    if (adds.length === 0) return true
    return changes.some(
      ({ kind, start, end }) =>
        kind === 'remove' &&
        end !== undefined &&
        end.ms + removalMs <= at.ms &&
        adds.every((add) => add.end !== undefined && add.end.index < start.index),
    )
  }

  /** Certainly a member, all the time. */
  isIn(conversationId: string, user: string, from: Stamp, to: Stamp): boolean {
    return this.inSince(conversationId, user, from, to) !== undefined
  }

  /** Since when a user was a member without interruption, if certainly one all the time. */
  inSince(conversationId: string, user: string, from: Stamp, to: Stamp): Stamp | undefined {
    const direct = directMembers(conversationId)
    if (direct) return direct.includes(user) ? { index: -1, ms: 0 } : undefined
    const changes = this.#of(conversationId, user)
    const add = changes.find(
      ({ kind, start, end }) =>
        kind === 'add' &&
        end !== undefined &&
        end.index < from.index &&
        !changes.some(
          (other) =>
            other.kind === 'remove' &&
            other.start.index < to.index &&
            (other.end === undefined || other.end.index > start.index),
        ),
    )
    return add?.end
  }

  #of(groupId: string, user: string): Change[] {
    return this.#changes.get(`${groupId} ${user}`) ?? []
  }

  #note(call: Call): void {
    const { name, payload, answer, at: start } = call
    if (answer && !answer.ok && refusals.has(answer.error.code)) return
    const end = answer?.ok ? call.end : undefined
    if (name === 'POST /group') {
      if (!answer?.ok) return
      for (const { userId } of answer.members as { userId: string }[]) {
        this.#add(String(answer._id), userId, { kind: 'add', start, end })
      }
    }
    const route = /^(PUT|DELETE) \/group\/:id\/members/.exec(name)
    if (!route) return
    const [, , groupId = '', , userId = ''] = (payload as { path: string }).path.split('/')
    this.#add(groupId, decodeURIComponent(userId), {
      kind: route[1] === 'PUT' ? 'add' : 'remove',
      start,
      end,
    })
  }

  #add(groupId: string, user: string, change: Change): void {
    const key = `${groupId} ${user}`
    const changes = this.#changes.get(key)
    if (changes) changes.push(change)
    else this.#changes.set(key, [change])
  }
}
