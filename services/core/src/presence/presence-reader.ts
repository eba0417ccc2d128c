import type { UserLastSeen, UserStatus } from '@earshot/protocol'
import type { LastSeenStore, StoredPresence } from './last-seen-store.ts'
import type { LeaseStore, PresenceState } from './lease-store.ts'

/** Who is online is Redis' to say; when somebody was seen who is in Redis no more, MongoDB's. */
export class PresenceReader {
  readonly #leases: LeaseStore
  readonly #lastSeen: LastSeenStore

  constructor(deps: { leases: LeaseStore; lastSeen: LastSeenStore }) {
    this.#leases = deps.leases
    this.#lastSeen = deps.lastSeen
  }

  /** The users that exist, with name and state. */
  async lastSeen(userIds: string[]): Promise<(UserLastSeen & { version: number })[]> {
    // Redis first: a flush in between then shows in MongoDB, never in neither.
    const live = await this.#leases.read(userIds)
    const stored = await this.#lastSeen.find(userIds)
    const states = new Map(live.map((state) => [state.userId, state]))
    return stored.map((user) => {
      const { isOnline, lastSeen, version } = merge(user, states.get(user.userId))
      return { _id: user.userId, name: user.name, isOnline, lastSeen, version }
    })
  }

  /** The state of each user; one who does not exist looks like one who never came. */
  async statuses(userIds: string[]): Promise<UserStatus[]> {
    const found = new Map((await this.lastSeen(userIds)).map((user) => [user._id, user]))
    return userIds.map((userId) => {
      const user = found.get(userId)
      return {
        userId,
        isOnline: user?.isOnline ?? false,
        lastSeen: user?.lastSeen ?? null,
        version: user?.version ?? 0,
      }
    })
  }
}

function merge(stored: StoredPresence, live: PresenceState | undefined): Omit<UserStatus, 'userId'> {
  const seen = Math.max(stored.lastSeen ?? 0, live?.lastSeen ?? 0)
  return {
    isOnline: live?.isOnline ?? false,
    lastSeen: seen === 0 ? null : new Date(seen).toISOString(),
    version: Math.max(stored.version, live?.version ?? 0),
  }
}

/** The wire form of a change. */
export function toStatus(state: PresenceState): UserStatus {
  const { userId, isOnline, version } = state
  return { userId, isOnline, lastSeen: new Date(state.lastSeen).toISOString(), version }
}
