import type { UserStatus } from '@earshot/protocol'
import type { PresenceState } from './states.ts'

/** The wire form of a state. */
export function toStatus({ userId, isOnline, version, lastSeen }: PresenceState): UserStatus {
  return { userId, isOnline, lastSeen: new Date(lastSeen).toISOString(), version }
}

/** How a user looks whose status one may not see: like one who never came. */
export function hiddenStatus(userId: string, version: number): UserStatus {
  return { userId, isOnline: false, lastSeen: null, version }
}
