import { directMembers, type UserTyping } from '@earshot/protocol'
import { groupRoom, type RealtimeServer, type RealtimeSocket } from '@earshot/realtime'
import { typingMs } from './typing.ts'

/** Who types ends it in time, and only their node can be late. After this long it is dead, or cut off. */
const silentMs = typingMs + 2_000

interface Heard {
  status: UserTyping
  /** Those that were told it began, and not that it ended. */
  sockets: Set<RealtimeSocket>
  /** By the monotonic clock. */
  until: number
}

/**
 * Ends typing whose end does not come, because the node of who types was killed or cannot be heard: whichever node told a
 * socket that it began, tells it that it ended. Nothing is stored or sent between nodes for it.
 */
export class TypingEnds {
  readonly #heard = new Map<string, Heard>()

  /** Follows what is sent to the sockets of this node. */
  listen(io: RealtimeServer): void {
    const ends = this
    // One for all sockets: a socket costs memory.
    function note(this: RealtimeSocket, event: string, payload: UserTyping): void {
      if (event === 'user_typing') ends.#note(this, payload)
    }
    io.on('connection', (socket) => socket.onAnyOutgoing(note))
  }

  #note(socket: RealtimeSocket, status: UserTyping): void {
    const key = `${status.conversationId}\n${status.userId}`
    const known = this.#heard.get(key)
    if (!status.isTyping) {
      known?.sockets.delete(socket)
      return
    }
    const until = performance.now() + silentMs
    if (known) {
      known.sockets.add(socket)
      Object.assign(known, { status, until })
      return
    }
    this.#heard.set(key, { status, sockets: new Set([socket]), until })
    this.#checkIn(silentMs, key)
  }

  #checkIn(ms: number, key: string): void {
    setTimeout(() => this.#check(key), ms).unref()
  }

  #check(key: string): void {
    const heard = this.#heard.get(key)
    if (!heard) return
    const leftMs = heard.until - performance.now()
    if (leftMs > 0 && heard.sockets.size > 0) {
      this.#checkIn(leftMs, key)
      return
    }
    this.#heard.delete(key)
    const { expiresAt: _, ...status } = heard.status
    for (const socket of heard.sockets) {
      if (mayHear(socket, status.conversationId)) socket.emit('user_typing', { ...status, isTyping: false })
    }
  }
}

/** Who left a group meanwhile hears nothing of it any more. */
function mayHear(socket: RealtimeSocket, conversationId: string): boolean {
  return directMembers(conversationId) !== undefined || socket.rooms.has(groupRoom(conversationId))
}
