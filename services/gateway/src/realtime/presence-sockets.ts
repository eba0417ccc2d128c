import { hiddenFrom, isGuarded, type VisibilityRules } from '@earshot/core/visibility/rules'
import type { GroupPresence, UserStatus } from '@earshot/protocol'
import {
  blindRoom,
  choosy,
  everyone,
  groupOfHeadcount,
  guarded,
  headcountRoom,
  isBlindRoom,
  type Realtime,
  type RealtimeServer,
  type RealtimeSocket,
  shadedRoom,
  userRoom,
  watchedIn,
  watchersRoom,
} from '@earshot/realtime'

/** The sockets of this node in their rooms of presence. All of it takes effect at once. */
export class PresenceSockets {
  readonly #io: RealtimeServer
  readonly #relay: Realtime['relay']
  /** Those that named whom they watch. */
  readonly #choosy = new WeakSet<RealtimeSocket>()

  constructor(io: RealtimeServer, relay: Realtime['relay']) {
    this.#io = io
    this.#relay = relay
  }

  all(): RealtimeSocket[] {
    return [...this.#io.sockets.sockets.values()]
  }

  of(userId: string): RealtimeSocket[] {
    return this.#in(userRoom(userId))
  }

  /** Those that watch the user, whether they may or not. */
  watchersOf(userId: string): RealtimeSocket[] {
    return [...this.#in(watchersRoom(userId)), ...this.#in(shadedRoom(userId))]
  }

  /** Those whom the socket watches, whether it may or not. */
  watchedBy(socket: RealtimeSocket): string[] {
    const watched: string[] = []
    for (const room of socket.rooms) {
      const userId = watchedIn(room)
      if (userId !== undefined) watched.push(userId)
    }
    return watched
  }

  isChoosy(socket: RealtimeSocket): boolean {
    return this.#choosy.has(socket)
  }

  /** From now on the socket hears of those alone whom it names. */
  beChoosy(socket: RealtimeSocket): void {
    if (this.#choosy.has(socket)) return
    this.#choosy.add(socket)
    this.unwatch(socket, this.watchedBy(socket))
    void socket.leave(everyone)
    void socket.join(choosy)
  }

  /** Whom a socket that named nobody hears, and where it is left out, by the rules of its user. */
  place(socket: RealtimeSocket, rules: VisibilityRules): void {
    const isChoosy = this.#choosy.has(socket)
    const rooms = new Set<string>()
    if (isGuarded(rules)) rooms.add(guarded).add(choosy)
    else {
      rooms.add(isChoosy ? choosy : everyone)
      for (const userId of hiddenFrom(rules)) rooms.add(blindRoom(userId))
    }
    for (const room of [...socket.rooms]) {
      const isPlace = room === guarded || room === choosy || room === everyone || isBlindRoom(room)
      if (isPlace && !rooms.has(room)) void socket.leave(room)
    }
    void socket.join([...rooms])
    // What it was let in for one by one, it hears with the rest now.
    if (!isGuarded(rules) && !isChoosy) this.unwatch(socket, this.watchedBy(socket))
  }

  watches(socket: RealtimeSocket, userId: string): boolean {
    return socket.rooms.has(watchersRoom(userId)) || socket.rooms.has(shadedRoom(userId))
  }

  hears(socket: RealtimeSocket, userId: string): boolean {
    return socket.rooms.has(watchersRoom(userId))
  }

  /** Lets the socket hear of those of the users whom it may see, and keeps the others in mind. */
  watch(socket: RealtimeSocket, userIds: readonly string[], seen: ReadonlySet<string>): void {
    for (const userId of userIds) {
      const away = seen.has(userId) ? shadedRoom(userId) : watchersRoom(userId)
      if (socket.rooms.has(away)) void socket.leave(away)
    }
    void socket.join(userIds.map((userId) => (seen.has(userId) ? watchersRoom : shadedRoom)(userId)))
  }

  unwatch(socket: RealtimeSocket, userIds: readonly string[]): void {
    for (const userId of userIds) {
      void socket.leave(watchersRoom(userId))
      void socket.leave(shadedRoom(userId))
    }
  }

  /**
   * Those here that watch the user and may. Mostly that is nobody, which costs a look into a map. Returns what it cost: how many
   * were told, or looked for.
   */
  tellWatchers(status: UserStatus): number {
    const room = watchersRoom(status.userId)
    this.#relay.tellHere(room, 'user_status_changed', status)
    return this.#io.sockets.adapter.rooms.get(room)?.size ?? 0
  }

  /** Those here that named nobody, but the sockets of these users. Returns what it cost. */
  tellEveryone(status: UserStatus, hiddenFrom: string[]): number {
    const { rooms } = this.#io.sockets.adapter
    const all = rooms.get(everyone)
    if (!all) return 0
    const exceptIds = new Set<string>()
    for (const room of [blindRoom(status.userId), ...hiddenFrom.map(userRoom)]) {
      for (const id of rooms.get(room) ?? []) exceptIds.add(id)
    }
    this.#relay.tellHere(everyone, 'user_status_changed', status, exceptIds)
    return all.size + hiddenFrom.length
  }

  /** Groups of which the socket hears how many are online. */
  headcountsOf(socket: RealtimeSocket): string[] {
    return [...socket.rooms].flatMap((room) => groupOfHeadcount(room) ?? [])
  }

  /** Whether any socket here hears how many of a group are online. */
  hearHeadcount(groupId: string): boolean {
    return this.#io.sockets.adapter.rooms.has(headcountRoom(groupId))
  }

  /** Tells those here that hear it how many of a group are online. */
  tellHeadcount(presence: GroupPresence): void {
    this.#io.local.to(headcountRoom(presence.groupId)).emit('group_presence', presence)
  }

  #in(room: string): RealtimeSocket[] {
    const { adapter, sockets } = this.#io.sockets
    return [...(adapter.rooms.get(room) ?? [])].flatMap((socketId) => sockets.get(socketId) ?? [])
  }
}
