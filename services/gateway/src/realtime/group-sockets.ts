import {
  groupOfHeadcount,
  groupRoom,
  headcountRoom,
  isGroupRoom,
  type RealtimeServer,
  type RealtimeSocket,
  userRoom,
} from '@earshot/realtime'

/** The sockets of this node in their rooms of groups. All of it takes effect at once. */
export class GroupSockets {
  readonly #io: RealtimeServer

  constructor(io: RealtimeServer) {
    this.#io = io
  }

  /** Those of the users who have a socket here, or will have one in a moment. */
  present(userIds: Iterable<string>): string[] {
    const { rooms } = this.#io.sockets.adapter
    return [...userIds].filter((userId) => rooms.has(userRoom(userId)))
  }

  everybody(): Set<string> {
    return new Set([...this.#io.sockets.sockets.values()].map((socket) => socket.data.userId))
  }

  usersIn(groupId: string): Set<string> {
    return new Set(this.#in(groupRoom(groupId)).map((socket) => socket.data.userId))
  }

  of(userId: string): RealtimeSocket[] {
    return this.#in(userRoom(userId))
  }

  /** Returns the sockets that were not in. */
  join(groupId: string, userId: string): RealtimeSocket[] {
    const room = groupRoom(groupId)
    const joining = this.of(userId).filter((socket) => !socket.rooms.has(room))
    for (const socket of joining) void socket.join(room)
    return joining
  }

  /** Returns whether any was in. */
  leave(groupId: string, userId: string): boolean {
    const room = groupRoom(groupId)
    const leaving = this.of(userId).filter((socket) => socket.rooms.has(room))
    for (const socket of this.of(userId)) {
      void socket.leave(room)
      void socket.leave(headcountRoom(groupId))
    }
    return leaving.length > 0
  }

  /** Into these groups, and no others. */
  put(socket: RealtimeSocket, groupIds: readonly string[]): void {
    const rooms = new Set(groupIds.map(groupRoom))
    for (const room of [...socket.rooms]) {
      const counted = groupOfHeadcount(room)
      const heard = counted === undefined ? room : groupRoom(counted)
      if (isGroupRoom(heard) && !rooms.has(heard)) void socket.leave(room)
    }
    void socket.join([...rooms])
  }

  /** Out with everybody, those included who are being let in. */
  clear(): void {
    const { adapter } = this.#io.sockets
    for (const [room, socketIds] of [...adapter.rooms]) {
      if (isGroupRoom(room)) for (const socketId of [...socketIds]) adapter.del(socketId, room)
    }
  }

  #in(room: string): RealtimeSocket[] {
    const { adapter, sockets } = this.#io.sockets
    return [...(adapter.rooms.get(room) ?? [])].flatMap((socketId) => sockets.get(socketId) ?? [])
  }
}
