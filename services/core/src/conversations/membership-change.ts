import { inSlices } from '../in-slices.ts'

/** That the membership of some users in a group changed, as nodes tell each other. What it is now, MongoDB knows. */
export interface MembershipChange {
  groupId: string
  /** Empty: everybody in the group. */
  userIds: string[]
  /** What was done; `unknown` when it is told again because whoever did it may not have told everybody. */
  kind: 'put' | 'removed' | 'unknown'
}

/** Most users in one announcement, so that none is large. */
export const usersPerAnnouncement = 500

/** Tells every node. */
export interface MembershipAnnouncer {
  /** Resolves when the nodes that can be told were told; rejects when Redis did not take it. */
  announce(change: MembershipChange): Promise<void>
}

/** The same change in parts that are not too large. */
export function inParts<T extends { userIds: string[] }>(change: T): T[] {
  const parts = inSlices(change.userIds, usersPerAnnouncement).map((userIds) => ({ ...change, userIds }))
  // Nobody by name is everybody.
  return parts.length > 0 ? parts : [change]
}
