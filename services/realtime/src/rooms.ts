/**
 * Names of rooms. The adapter takes any name of exactly 20 characters for a socket's own room, and sends what goes
 * there to every node: so no room of ours may have that length.
 */
export const everyone = 'presence:all'

export function userRoom(userId: string): string {
  // Another prefix, not a suffix: a suffix could make one user's room out of another's.
  return userId.length === 15 ? `user-15:${userId}` : `user:${userId}`
}

export function watchersRoom(userId: string): string {
  return userId.length === 11 ? `presence-11:${userId}` : `presence:${userId}`
}

/** The name is part of the wire contract. Group ids are 24 characters, or the operator's own. */
export function groupRoom(groupId: string): string {
  return `group_${groupId}`
}
