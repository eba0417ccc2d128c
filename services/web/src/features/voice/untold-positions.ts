export interface NotedPosition {
  messageId: string
  conversationId: string
  /** From the message's start. */
  seconds: number
}

/**
 * Where one stopped, until the server has answered: a reload drops what a socket was about to send. Kept in this tab
 * only, where nothing newer can come from another device's hand.
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

  /** Answered, unless a later one waits meanwhile. */
  told({ messageId, seconds }: NotedPosition): void {
    this.#change((all) => {
      if (all.get(messageId)?.seconds === seconds) all.delete(messageId)
    })
  }

  #change(change: (all: Map<string, NotedPosition>) => void): void {
    const all = this.#stored()
    change(all)
    sessionStorage.setItem(this.#key, JSON.stringify([...all.values()]))
  }

  #stored(): Map<string, NotedPosition> {
    const stored = JSON.parse(sessionStorage.getItem(this.#key) ?? '[]') as NotedPosition[]
    return new Map(stored.map((noted) => [noted.messageId, noted]))
  }
}
