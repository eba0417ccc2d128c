import type { MembershipStore } from '@earshot/core/conversations/membership-store'
import { groupRoom, type RealtimeSocket } from '@earshot/realtime'

/** Brings a socket's rooms in line with the groups that its user is in by now. */
export async function rejoin(socket: RealtimeSocket, memberships: MembershipStore): Promise<void> {
  const groups = await memberships.groupsOf(socket.data.userId)
  const rooms = new Set(groups.map(groupRoom))
  for (const room of socket.rooms) {
    if (room.startsWith('group_') && !rooms.has(room)) await socket.leave(room)
  }
  await socket.join([...rooms])
}
