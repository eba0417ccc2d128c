import type { UserStatus } from '@earshot/protocol'
import type { TestClient } from './test-client.ts'

/**
 * What a client believes of users: the highest version counts. One that watches them, as the contract tells it to, asks
 * again for what it is told to ask for; one of the existing system never asks, and takes what everybody is told.
 */
export class PresenceWatcher {
  readonly client: TestClient
  readonly states = new Map<string, UserStatus>()
  /** All that it was told since it was started and did not know, in order. */
  readonly history: UserStatus[] = []
  readonly #userIds: string[]

  private constructor(client: TestClient, userIds: string[]) {
    this.client = client
    this.#userIds = userIds
    client.socket.on('user_status_changed', (status: UserStatus) => this.#take(status))
  }

  static async start(client: TestClient, userIds: string[]): Promise<PresenceWatcher> {
    const watcher = new PresenceWatcher(client, userIds)
    client.socket.on('sync_required', () => void watcher.#ask())
    client.socket.on('connect', () => void watcher.#ask())
    await watcher.#ask()
    watcher.history.length = 0
    return watcher
  }

  /** A client of the existing system, to be there before those of whom it is to know. */
  static listening(client: TestClient): PresenceWatcher {
    return new PresenceWatcher(client, [])
  }

  of(userId: string): UserStatus | undefined {
    return this.states.get(userId)
  }

  /** Whether it came to believe this of the user. */
  saw(userId: string, isOnline: boolean): boolean {
    return this.history.some((status) => status.userId === userId && status.isOnline === isOnline)
  }

  async #ask(): Promise<void> {
    const { client } = this
    while (client.socket.connected) {
      const answer = await client.raw('presence_subscribe', { userIds: this.#userIds }).catch(() => undefined)
      if (!answer?.ok) continue
      for (const status of answer.statuses as UserStatus[]) this.#take(status)
      return
    }
  }

  #take(status: UserStatus): void {
    const known = this.of(status.userId)
    if (status.version <= (known?.version ?? -1)) return
    this.states.set(status.userId, status)
    // That there is nothing to see may be said again, of a later moment.
    if (status.isOnline !== known?.isOnline || status.lastSeen !== known.lastSeen) this.history.push(status)
  }
}
