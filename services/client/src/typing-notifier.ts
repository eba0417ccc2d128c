import type { Typing } from '@earshot/protocol'

/** The server lets go of it after a while; said again before that. */
const repeatMs = 3_000
/** Nobody types any more who has not for this long. */
const idleMs = 5_000

export type TypingAddress = { recipientId: string } | { groupId: string }

/** Says that somebody is typing: at the first keystroke, now and then while it goes on, and when it ends. */
export class TypingNotifier {
  readonly #send: (typing: Typing) => void
  readonly #active = new Map<string, { since: number; timer: ReturnType<typeof setTimeout> }>()

  constructor(send: (typing: Typing) => void) {
    this.#send = send
  }

  /** Call it at every keystroke, or while a voice message is being recorded. */
  typing(address: TypingAddress, activity: 'text' | 'voice' = 'text'): void {
    const key = keyOf(address, activity)
    const known = this.#active.get(key)
    clearTimeout(known?.timer)
    const isDue = known === undefined || Date.now() - known.since >= repeatMs
    if (isDue) this.#send({ ...address, activity, isTyping: true })
    this.#active.set(key, {
      since: isDue ? Date.now() : known.since,
      timer: setTimeout(() => this.stopped(address, activity), idleMs),
    })
  }

  /** Sent, or given up. */
  stopped(address: TypingAddress, activity: 'text' | 'voice' = 'text'): void {
    const key = keyOf(address, activity)
    const known = this.#active.get(key)
    if (!known) return
    clearTimeout(known.timer)
    this.#active.delete(key)
    this.#send({ ...address, activity, isTyping: false })
  }

  close(): void {
    for (const { timer } of this.#active.values()) clearTimeout(timer)
    this.#active.clear()
  }
}

function keyOf(address: TypingAddress, activity: string): string {
  return 'groupId' in address ? `${activity}:g:${address.groupId}` : `${activity}:u:${address.recipientId}`
}
