import type { BlockStore } from '../conversations/block-store.ts'
import type { MessageDoc } from '../messages/message-doc.ts'
import type { LastSeenStore } from '../presence/last-seen-store.ts'
import type { LeaseStore } from '../presence/lease-store.ts'
import type { Marks } from '../receipts/marks.ts'
import type { ClaimStore } from './claim-store.ts'

/** What became of some of a conversation's users. */
export interface Looked {
  /** To be notified, by this job and no other. */
  userIds: string[]
  /** Whether one who seems to be online may be gone: the connection is silent since before the message. */
  isDoubtful: boolean
}

/** Those writes at a time. */
const claimsAtOnce = 20

/**
 * Who of some users is to be told of a message elsewhere than in the app: who was not there when it came, has not read it,
 * and was not told of this conversation since they read it last. The cheapest question first, each of those left alone.
 */
export class Unnotified {
  readonly #leases: LeaseStore
  readonly #lastSeen: LastSeenStore
  readonly #marks: Marks
  readonly #blocks: BlockStore
  readonly #claims: ClaimStore

  constructor(deps: {
    leases: LeaseStore
    lastSeen: LastSeenStore
    marks: Marks
    blocks: BlockStore
    claims: ClaimStore
  }) {
    this.#leases = deps.leases
    this.#lastSeen = deps.lastSeen
    this.#marks = deps.marks
    this.#blocks = deps.blocks
    this.#claims = deps.claims
  }

  /** @param by of the job: that of one that is run again finds what it had found */
  async among(candidates: string[], doc: MessageDoc, by: string): Promise<Looked> {
    const { conversationId, seq, groupId, sender } = doc
    const createdAt = doc.createdAt.getTime()
    const states = new Map((await this.#leases.read(candidates)).map((state) => [state.userId, state]))
    const found = await this.#marks.find(candidates.map((userId) => ({ conversationId, userId })))
    const marks = new Map(candidates.map((userId, i) => [userId, found[i]]))
    const readSeq = (userId: string) => marks.get(userId)?.readSeq ?? 0
    const unread = candidates.filter((userId) => readSeq(userId) < seq)

    const online = unread.filter((userId) => states.get(userId)?.isOnline)
    const isDoubtful = online.some(
      (userId) =>
        (states.get(userId)?.lastSeen ?? 0) < createdAt && (marks.get(userId)?.deliveredSeq ?? 0) < seq,
    )
    const offline = unread.filter((userId) => !states.get(userId)?.isOnline)
    const wanted = offline.map((userId) => ({
      ...{ conversationId, userId, seq, by },
      readSeq: readSeq(userId),
    }))
    if (wanted.length === 0) return { userIds: [], isDoubtful }
    const free = await this.#claims.free(wanted)
    const away = await this.#awaySince(createdAt, [...free], (userId) => states.get(userId)?.lastSeen)
    const blockers =
      groupId === undefined || away.size === 0
        ? new Set<string>()
        : await this.#blocks.blockersAmong([...away], sender._id)
    const claims = wanted.filter(({ userId }) => away.has(userId) && !blockers.has(userId))
    const userIds: string[] = []
    for (let i = 0; i < claims.length; i += claimsAtOnce) {
      const some = claims.slice(i, i + claimsAtOnce)
      const taken = await Promise.all(some.map(({ readSeq, ...claim }) => this.#claims.take(claim, readSeq)))
      userIds.push(...some.filter((_, k) => taken[k]).map(({ userId }) => userId))
    }
    return { userIds, isDoubtful }
  }

  /** Those who gave no sign of life since: whoever did had the message in front of them. */
  async #awaySince(
    ms: number,
    userIds: string[],
    inRedis: (userId: string) => number | undefined,
  ): Promise<Set<string>> {
    const elsewhere = userIds.filter((userId) => inRedis(userId) === undefined)
    const stored = elsewhere.length === 0 ? [] : await this.#lastSeen.find(elsewhere)
    const lastSeen = new Map(stored.map((user) => [user.userId, user.lastSeen ?? 0]))
    return new Set(userIds.filter((userId) => (inRedis(userId) ?? lastSeen.get(userId) ?? 0) < ms))
  }
}
