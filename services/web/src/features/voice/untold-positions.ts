export interface NotedPosition {
  messageId: string
  conversationId: string
  /** From the message's start. */
  seconds: number
  /** When, ms since 1970. */
  at: number
}

/** What is older may not be so any more: listening may have gone on elsewhere since. */
const keptMs = 10 * 60_000

/**
 * Where one stopped, until the server has it: a reload drops what a socket was about to send. Kept in this tab only, and not for
 * long: another device may know better.
 */
export class UntoldPositions {
  readonly #key: string

  constructor(userId: string) {
    this.#key = `earshot.untold-positions.${userId}`
  }

  /** By an earlier life of the page. */
  all(): NotedPosition[] {
    return [...this.#stored().values()]
  }

  add(noted: NotedPosition): void {
    this.#change((all) => all.set(noted.messageId, noted))
  }

  /** The server has it; one that was noted later still waits. */
  told({ messageId, seconds, at }: NotedPosition): void {
    this.#change((all) => {
      const known = all.get(messageId)
      if (known?.seconds === seconds && known.at === at) all.delete(messageId)
    })
  }

  #change(change: (all: Map<string, NotedPosition>) => void): void {
    const all = this.#stored()
    change(all)
    sessionStorage.setItem(this.#key, JSON.stringify([...all.values()]))
  }

  #stored(): Map<string, NotedPosition> {
    const stored = JSON.parse(sessionStorage.getItem(this.#key) ?? '[]') as NotedPosition[]
    const since = Date.now() - keptMs
    return new Map(stored.filter(({ at }) => at > since).map((noted) => [noted.messageId, noted]))
  }
}
