import type { UserStatus } from '@earshot/protocol'

export type PresenceState = Readonly<Record<string, UserStatus>>

/** Pure: takes the statuses that are newer than what is known; the same object when none is. */
export function applyStatuses(state: PresenceState, statuses: readonly UserStatus[]): PresenceState {
  const newer = statuses.filter((status) => status.version > (state[status.userId]?.version ?? -1))
  if (newer.length === 0) return state
  return { ...state, ...Object.fromEntries(newer.map((status) => [status.userId, status])) }
}

/**
 * Pure: what is left of it while nobody tells of changes. Who was online may have gone since, when is not known; whatever is
 * heard next is newer.
 */
export function forgetOnline(state: PresenceState): PresenceState {
  return Object.fromEntries(
    Object.entries(state).map(([userId, status]) => [
      userId,
      { ...status, isOnline: false, lastSeen: status.isOnline ? null : status.lastSeen, version: -1 },
    ]),
  )
}
