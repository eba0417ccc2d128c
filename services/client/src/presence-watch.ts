import { CodedError, type UserStatus } from '@earshot/protocol'
import type { Emitter } from './emitter.ts'
import type { EarshotEvents } from './events.ts'

/** Users in one `presence_subscribe`: the contract's default limit. */
const usersPerCall = 500

type Call = (
  event: 'presence_subscribe' | 'presence_unsubscribe',
  userIds: string[],
) => Promise<{ statuses?: UserStatus[] }>

/** One who scrolls out of sight and back soon is not unsubscribed in between. */
const lingerMs = 2_000

/** Remembers whom the application watches, since the server's memory of it ends with the connection. */
export class PresenceWatch {
  readonly #watched = new Set<string>()
  /** How many places of the application show a user. */
  readonly #places = new Map<string, number>()
  #due = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #call: Call
  readonly #events: Emitter<EarshotEvents>

  constructor(call: Call, events: Emitter<EarshotEvents>) {
    this.#call = call
    this.#events = events
    events.on('reconnected', () => void this.#resume())
  }

  async subscribe(userIds: readonly string[]): Promise<UserStatus[]> {
    for (const userId of userIds) this.#watched.add(userId)
    const answers = await Promise.all(chunks(userIds).map((chunk) => this.#call('presence_subscribe', chunk)))
    return answers.flatMap((answer) => answer.statuses ?? [])
  }

  async unsubscribe(userIds: readonly string[]): Promise<void> {
    for (const userId of userIds) this.#watched.delete(userId)
    await Promise.all(chunks(userIds).map((chunk) => this.#call('presence_unsubscribe', chunk)))
  }

  /**
   * For what is on the screen: watched as long as any place shows the user. What is shown and hidden in a moment goes to
   * the server in one call each; how each user is comes as `user_status_changed`.
   */
  watch(userIds: readonly string[]): () => void {
    for (const userId of userIds) {
      this.#places.set(userId, (this.#places.get(userId) ?? 0) + 1)
      if (!this.#watched.has(userId)) this.#later(userId, 0)
    }
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      for (const userId of userIds) {
        const left = (this.#places.get(userId) ?? 1) - 1
        if (left > 0) this.#places.set(userId, left)
        else {
          this.#places.delete(userId)
          this.#later(userId, lingerMs)
        }
      }
    }
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #later(userId: string, ms: number): void {
    this.#due.add(userId)
    if (ms === 0) {
      clearTimeout(this.#timer)
      this.#timer = undefined
    }
    this.#timer ??= setTimeout(() => void this.#settle(), ms)
  }

  /** Brings the server's memory in line with what is shown. */
  async #settle(): Promise<void> {
    this.#timer = undefined
    const due = [...this.#due]
    this.#due = new Set()
    const shown = due.filter((userId) => this.#places.has(userId) && !this.#watched.has(userId))
    const hidden = due.filter((userId) => !this.#places.has(userId) && this.#watched.has(userId))
    await this.#quietly(async () => {
      if (shown.length > 0) this.#tell(await this.subscribe(shown))
      if (hidden.length > 0) await this.unsubscribe(hidden)
    })
  }

  /** The statuses after a reconnect reach the application as the events that it missed. */
  async #resume(): Promise<void> {
    if (this.#watched.size === 0) return
    await this.#quietly(async () => this.#tell(await this.subscribe([...this.#watched])))
  }

  #tell(statuses: readonly UserStatus[]): void {
    for (const status of statuses) this.#events.emit('user_status_changed', status)
  }

  async #quietly(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      this.#events.emit('error_message', { event: 'presence_subscribe', error: error.toWire() })
    }
  }
}

function chunks(userIds: readonly string[]): string[][] {
  const unique = [...new Set(userIds)]
  return Array.from({ length: Math.ceil(unique.length / usersPerCall) }, (_, index) =>
    unique.slice(index * usersPerCall, (index + 1) * usersPerCall),
  )
}
