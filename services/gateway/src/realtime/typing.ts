import type { Target } from '@earshot/core/conversations/access'
import type { Fanout } from '@earshot/core/fanout'
import { hiddenFrom, isGuarded } from '@earshot/core/visibility/rules'
import type { Visibility } from '@earshot/core/visibility/visibility'
import type { UserTyping } from '@earshot/protocol'
import type { RealtimeSocket } from '@earshot/realtime'

/** Typing ends by itself when its sender says nothing more for so long. Clients repeat it sooner. */
export const typingMs = 6_000

interface Active {
  timer: NodeJS.Timeout
  target: Target
  status: UserTyping
}

/** Who is typing where: held in this node alone, ended by time, by word, or with the socket. Never stored. */
export class TypingIndicators {
  readonly #fanout: Fanout
  readonly #visibility: Visibility
  readonly #active = new WeakMap<RealtimeSocket, Map<string, Active>>()

  constructor(fanout: Fanout, visibility: Visibility) {
    this.#fanout = fanout
    this.#visibility = visibility
  }

  start(socket: RealtimeSocket, target: Target, activity: 'text' | 'voice'): void {
    const { userId, name } = socket.data
    const { conversationId } = target
    const ofSocket = this.#of(socket)
    clearTimeout(ofSocket.get(conversationId)?.timer)
    const expiresAt = new Date(Date.now() + typingMs).toISOString()
    const status = { conversationId, userId, name, isTyping: true, activity, expiresAt }
    const timer = setTimeout(() => this.stop(socket, conversationId), typingMs)
    ofSocket.set(conversationId, { timer, target, status })
    this.#tell(target, status)
  }

  stop(socket: RealtimeSocket, conversationId: string): void {
    const ofSocket = this.#active.get(socket)
    const active = ofSocket?.get(conversationId)
    if (!active) return
    clearTimeout(active.timer)
    ofSocket?.delete(conversationId)
    const { expiresAt: _, ...status } = active.status
    this.#tell(active.target, { ...status, isTyping: false })
  }

  #of(socket: RealtimeSocket): Map<string, Active> {
    const known = this.#active.get(socket)
    if (known) return known
    const ofSocket = new Map<string, Active>()
    this.#active.set(socket, ofSocket)
    socket.once('disconnect', () => {
      for (const conversationId of [...ofSocket.keys()]) this.stop(socket, conversationId)
    })
    return ofSocket
  }

  /** Who types is there: only those are told who may know. */
  #tell(target: Target, status: UserTyping): void {
    const { userId } = status
    if (target.kind === 'direct') {
      const { recipientId } = target
      if (recipientId === userId || !this.#visibility.seesNow(recipientId, userId)) return
      this.#fanout.toUser(recipientId, 'user_typing', status)
      return
    }
    const rules = this.#visibility.rulesNow(userId)
    if (!rules || isGuarded(rules)) return
    this.#fanout.activity(target.groupId, 'user_typing', status, { userId, hiddenFrom: hiddenFrom(rules) })
  }
}
