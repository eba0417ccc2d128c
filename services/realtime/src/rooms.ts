/**
 * Names of rooms. The adapter takes any name of exactly 20 characters for a socket's own room, and sends what goes
 * there to every node: so no room of ours may have that length.
 */
export const everyone = 'presence/all'

export function userRoom(userId: string): string {
  // Another prefix, not a suffix: a suffix could make one user's room out of another's.
  return userId.length === 15 ? `user-15:${userId}` : `user:${userId}`
}

export function watchersRoom(userId: string): string {
  return userId.length === 11 ? `presence-11:${userId}` : `presence:${userId}`
}

/** Sockets that watch a user whom they may not see now. Nothing is sent here. */
export function shadedRoom(userId: string): string {
  return `shaded:${userId}`
}

/** Sockets whose users hide from this one, and so do not see them. Only ever left out. */
export function blindRoom(userId: string): string {
  return `blind:${userId}`
}

export function isBlindRoom(room: string): boolean {
  return room.startsWith('blind:')
}

/** Sockets of users who show themselves only to some. Only ever left out. */
export const guarded = 'presence/guarded'

/** Sockets that hear of those alone whom they named. Only ever left out. */
export const choosy = 'presence/choosy'

/** Rooms to which each node sends by itself, or nobody at all: what is elsewhere in a room of that name does not matter. */
export function isNodesOwnRoom(room: string): boolean {
  return room === guarded || room === choosy || isBlindRoom(room) || watchedIn(room) !== undefined
}

/** Sockets that are told how many of a group are online. */
export function headcountRoom(groupId: string): string {
  return groupId.length === 10 ? `headcount-10:${groupId}` : `headcount:${groupId}`
}

/** The group whose headcount is told in a room, if it is such a room. */
export function groupOfHeadcount(room: string): string | undefined {
  return after(room, 'headcount:') ?? after(room, 'headcount-10:')
}

/** The user whom sockets in a room watch, or would if they might, if it is such a room. */
export function watchedIn(room: string): string | undefined {
  return after(room, 'presence:') ?? after(room, 'presence-11:') ?? after(room, 'shaded:')
}

function after(room: string, prefix: string): string | undefined {
  return room.startsWith(prefix) ? room.slice(prefix.length) : undefined
}

/** The name is part of the wire contract. Group ids are 24 characters, or the operator's own. */
export function groupRoom(groupId: string): string {
  return `group_${groupId}`
}

export function isGroupRoom(room: string): boolean {
  return room.startsWith('group_')
}
