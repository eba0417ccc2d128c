import type { UserLastSeen, UserStatus } from '@earshot/protocol'
import type { UserStore } from '../accounts/user-store.ts'
import type { LastSeenStore, StoredPresence } from './last-seen-store.ts'
import type { LeaseStore, PresenceState } from './lease-store.ts'

/** Who is online is Redis' to say; when somebody was seen who is in Redis no more, MongoDB's. */
export class PresenceReader {
  readonly #leases: LeaseStore
  readonly #lastSeen: LastSeenStore
  readonly #users: UserStore

  constructor(deps: { leases: LeaseStore; lastSeen: LastSeenStore; users: UserStore }) {
    this.#leases = deps.leases
    this.#lastSeen = deps.lastSeen
    this.#users = deps.users
  }

  /** The users that exist, with name and state. */
  async lastSeen(userIds: string[]): Promise<(UserLastSeen & { version: number })[]> {
    const { live, stored } = await this.#read(
      userIds,
      (userId) => this.#users.knownName(userId) !== undefined,
    )
    return [...new Set(userIds)].flatMap((userId) => {
      const known = stored.get(userId)
      const name = known?.name ?? this.#users.knownName(userId)
      if (name === undefined) return []
      return [{ _id: userId, name, ...merge(known, live.get(userId)) }]
    })
  }

  /** The state of each user; one who does not exist looks like one who never came. */
  async statuses(userIds: string[]): Promise<UserStatus[]> {
    const { live, stored } = await this.#read(userIds, () => true)
    return userIds.map((userId) => ({ userId, ...merge(stored.get(userId), live.get(userId)) }))
  }

  /**
   * Redis first, then MongoDB for those of whom Redis knows nothing. Who came online in between may have been written
   * to MongoDB already: so whom MongoDB calls online is looked for in Redis again.
   */
  async #read(
    userIds: string[],
    isEnough: (userId: string) => boolean,
  ): Promise<{ live: Map<string, PresenceState>; stored: Map<string, StoredPresence> }> {
    const live = new Map((await this.#leases.read(userIds)).map((state) => [state.userId, state]))
    const missing = userIds.filter((userId) => !live.has(userId) || !isEnough(userId))
    const stored = new Map((await this.#lastSeen.find(missing)).map((user) => [user.userId, user]))
    const cameSince = [...stored.values()].filter((user) => user.isOnline && !live.has(user.userId))
    if (cameSince.length > 0) {
      for (const state of await this.#leases.read(cameSince.map(({ userId }) => userId)))
        live.set(state.userId, state)
    }
    return { live, stored }
  }
}

function merge(
  stored: StoredPresence | undefined,
  live: PresenceState | undefined,
): Omit<UserStatus, 'userId'> {
  const seen = Math.max(stored?.lastSeen ?? 0, live?.lastSeen ?? 0)
  return {
    isOnline: live?.isOnline ?? false,
    lastSeen: seen === 0 ? null : new Date(seen).toISOString(),
    // Where Redis has an answer the version is that answer's: a newer one belongs to a state not seen here.
    version: live?.version ?? stored?.version ?? 0,
  }
}

/** The wire form of a change. */
export function toStatus(state: PresenceState): UserStatus {
  const { userId, isOnline, version } = state
  return { userId, isOnline, lastSeen: new Date(state.lastSeen).toISOString(), version }
}
