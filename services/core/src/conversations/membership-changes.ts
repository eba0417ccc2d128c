import { CodedError } from '@earshot/protocol'
import { inTime } from '../in-time.ts'
import type { MembershipAnnouncer, MembershipChange } from './membership-change.ts'
import type { MembershipStore } from './membership-store.ts'
import type { PendingMemberships } from './pending-memberships.ts'

/** Longest wait for Redis. */
const redisTimeoutMs = 2_000

interface Untold {
  change: MembershipChange
  noteIds: string[]
}

/**
 * Makes changes of memberships so that every node gets to know of them, whatever dies in between: noted in Redis,
 * written to MongoDB, announced, the note dropped. A note that is left is announced by the worker (`MembershipRepair`).
 */
export class MembershipChanges {
  readonly #pending: PendingMemberships
  readonly #announcer: MembershipAnnouncer
  readonly #memberships: MembershipStore
  /** Made, and Redis went away before it could be announced. As long as there are any, no more are made. */
  readonly #untold = new Set<Untold>()

  constructor(deps: {
    pending: PendingMemberships
    announcer: MembershipAnnouncer
    memberships: MembershipStore
  }) {
    this.#pending = deps.pending
    this.#announcer = deps.announcer
    this.#memberships = deps.memberships
  }

  /**
   * When it resolves, every node that can hear was told.
   * @param change `userIds` empty: everybody in the group
   * @param write the change in MongoDB
   * @throws {CodedError} `RETRY_LATER` while Redis is away: nothing was changed, or it was and others hear of it as soon
   * as Redis is back
   */
  async make<T>(change: MembershipChange, write: () => Promise<T>): Promise<T> {
    if (this.#untold.size > 0) throw cannotTell()
    const noteIds = await inTime(this.#pending.note(change), redisTimeoutMs)
    let result: T
    try {
      result = await write()
    } catch (error) {
      // Whether anything was written nobody knows. The note stays, so that all nodes look.
      this.#memberships.forget(change.groupId, change.userIds)
      throw error
    }
    try {
      await this.#tell(change, noteIds)
    } catch (error) {
      this.#untold.add({ change: { ...change, kind: 'unknown' }, noteIds })
      throw error
    }
    return result
  }

  /** To be called again and again: tells what could not be told. Rejects while that still fails. */
  async tellLeft(): Promise<void> {
    for (const untold of this.#untold) {
      await this.#tell(untold.change, untold.noteIds)
      this.#untold.delete(untold)
    }
  }

  async #tell(change: MembershipChange, noteIds: string[]): Promise<void> {
    await this.#announcer.announce(change)
    // One that stays is announced once more, which does no harm.
    this.#pending.drop(noteIds).catch(() => undefined)
  }
}

function cannotTell(): CodedError {
  return new CodedError('RETRY_LATER', 'The other nodes cannot be told right now.', { retryAfterMs: 1_000 })
}
