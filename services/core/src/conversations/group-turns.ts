import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { CodedError } from '@earshot/protocol'
import type { Collection, Db } from 'mongodb'
import { isDuplicateKey } from '../clients/duplicate-key.ts'
import { KeyedQueue } from '../keyed-queue.ts'
import type { GroupSizes } from './group-sizes.ts'

interface TurnDoc {
  /** The group's: there is one turn at a time. */
  _id: string
  token: string
  /** Grows while its holder lives. */
  beat: number
}

const beatMs = 2_000
/** Whose turn has not been renewed for so long is dead. Measured by who waits, so that clocks need not agree. */
const deadAfterMs = 10_000
/** After this without a renewal no change is begun, so that it ends well before others think so. */
const beginWithinMs = 5_000
const longestWaitMs = 20_000
const pollMs = 10

/** The right to change who is in a group. */
export class Turn {
  #renewedAt = performance.now()
  #size: number
  #isUncertain = false

  constructor(size: number) {
    this.#size = size
  }

  /** Members of the group. */
  get size(): number {
    return this.#size
  }

  /** A change was begun and nobody knows how far it came. */
  get isUncertain(): boolean {
    return this.#isUncertain
  }

  /**
   * Changes the members.
   * @param work returns by how many there are more
   * @throws {CodedError} `RETRY_LATER` when others may think the turn over
   */
  async change(work: () => Promise<number>): Promise<void> {
    if (performance.now() - this.#renewedAt > beginWithinMs) throw retryLater()
    this.#isUncertain = true
    this.#size += await work()
    this.#isUncertain = false
  }

  renewed(at: number): void {
    this.#renewedAt = at
  }
}

/**
 * Who is in a group is changed by one at a time, over all nodes: so that the limit of members is exact, and a group is
 * never without an owner because two left at once. A turn is a document: that one `_id` is inserted once is what every
 * MongoDB-wire server guarantees, other than the atomicity of an update with a condition (FerretDB 1.24 lacks it).
 */
export class GroupTurns {
  readonly #turns: Collection<TurnDoc>
  readonly #sizes: GroupSizes
  /** Those of one node do not compete with each other. */
  readonly #ofThisNode = new KeyedQueue()

  constructor(db: Db, sizes: GroupSizes) {
    this.#turns = db.collection<TurnDoc>('group_turns')
    this.#sizes = sizes
  }

  /** @throws {CodedError} `RETRY_LATER` when the turn does not come */
  run<T>(groupId: string, work: (turn: Turn) => Promise<T>): Promise<T> {
    return this.#ofThisNode.run(groupId, async () => {
      const token = randomBytes(9).toString('base64url')
      await this.#begin(groupId, token)
      const before = await this.#sizes.exact(groupId)
      const turn = new Turn(before)
      const endRenewals = this.#renew(groupId, token, turn)
      try {
        return await work(turn)
      } finally {
        await endRenewals()
        // Who dies or fails before the turn has ended leaves it to others, who count again.
        if (turn.isUncertain || turn.size <= 0) await this.#sizes.forget(groupId)
        else if (turn.size !== before) await this.#sizes.note(groupId, turn.size)
        await this.#turns.deleteOne({ _id: groupId, token })
      }
    })
  }

  async #begin(groupId: string, token: string): Promise<void> {
    const giveUpAt = performance.now() + longestWaitMs
    let seen = { token: '', beat: 0, since: 0 }
    while (!(await this.#insert(groupId, token))) {
      const now = performance.now()
      if (now > giveUpAt) throw retryLater()
      const holder = await this.#turns.findOne({ _id: groupId })
      if (holder && (holder.token !== seen.token || holder.beat !== seen.beat))
        seen = { ...holder, since: now }
      if (holder && now - seen.since > deadAfterMs) await this.#end(groupId, holder.token)
      else await wait(pollMs * (1 + Math.random()))
    }
  }

  async #insert(groupId: string, token: string): Promise<boolean> {
    try {
      await this.#turns.insertOne({ _id: groupId, token, beat: 0 })
      return true
    } catch (error) {
      if (!isDuplicateKey(error)) throw error
      return false
    }
  }

  /** Returns what ends it; none is under way then. */
  #renew(groupId: string, token: string, turn: Turn): () => Promise<void> {
    let last: Promise<void> | undefined
    const timer = setInterval(() => {
      const at = performance.now()
      last = this.#turns.updateOne({ _id: groupId, token }, { $inc: { beat: 1 } }).then(
        ({ matchedCount }) => {
          if (matchedCount > 0) turn.renewed(at)
        },
        // Not renewed it is not used any more.
        () => undefined,
      )
    }, beatMs)
    return async () => {
      clearInterval(timer)
      await last
    }
  }

  /** Ends the turn of one who died, perhaps amid a change. The size first: whoever comes next must find none. */
  async #end(groupId: string, token: string): Promise<void> {
    await this.#sizes.forget(groupId)
    await this.#turns.deleteOne({ _id: groupId, token })
  }
}

function retryLater(): CodedError {
  return new CodedError('RETRY_LATER', 'Others are changing this group.', { retryAfterMs: 1_000 })
}
