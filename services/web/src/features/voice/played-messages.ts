import { Store } from '../../app/store.ts'

/** The last ones that are remembered. */
const most = 2_000

/** Which voice messages were played: others' by this user, this user's by others. Kept in this browser. */
export class PlayedMessages {
  readonly state: Store<ReadonlySet<string>>
  readonly #key: string

  constructor(userId: string) {
    this.#key = `earshot.played.${userId}`
    this.state = new Store<ReadonlySet<string>>(new Set(this.#stored()))
  }

  has(conversationId: string, seq: number): boolean {
    return this.state.get().has(playedId(conversationId, seq))
  }

  add(conversationId: string, seq: number): void {
    if (this.has(conversationId, seq)) return
    const id = playedId(conversationId, seq)
    this.state.update((played) => new Set([...played, id].slice(-most)))
    localStorage.setItem(this.#key, JSON.stringify([...this.state.get()]))
  }

  #stored(): string[] {
    try {
      const stored: unknown = JSON.parse(localStorage.getItem(this.#key) ?? '[]')
      return Array.isArray(stored) ? stored.filter((id) => typeof id === 'string') : []
    } catch (error) {
      if (error instanceof SyntaxError) return []
      throw error
    }
  }
}

export function playedId(conversationId: string, seq: number): string {
  return `${conversationId} ${seq}`
}
