import { CodedError, type UserStatus } from '@earshot/protocol'
import type { Emitter } from './emitter.ts'
import type { EarshotEvents } from './events.ts'
import { isRetryable } from './retry.ts'

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
  /** Whom the application named. */
  readonly #named = new Set<string>()
  /** How many places of the application show a user. */
  readonly #places = new Map<string, number>()
  /** Whom the server watches for this connection. */
  readonly #watched = new Set<string>()
  #due = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #isClosed = false
  readonly #call: Call
  readonly #events: Emitter<EarshotEvents>
  readonly #retryMs: number

  /** @param options.retryMs pause after the call gave up on an outage, unless the server asked for a longer one */
  constructor(call: Call, events: Emitter<EarshotEvents>, { retryMs = 5_000 } = {}) {
    this.#call = call
    this.#events = events
    this.#retryMs = retryMs
    events.on('reconnected', () => this.#resume())
  }

  /** Rejects when it failed: then these are not watched. */
  async subscribe(userIds: readonly string[]): Promise<UserStatus[]> {
    const added = userIds.filter((userId) => !this.#named.has(userId))
    for (const userId of added) this.#named.add(userId)
    try {
      return (await Promise.all(chunks(userIds).map((chunk) => this.#subscribe(chunk)))).flat()
    } catch (error) {
      for (const userId of added) this.#named.delete(userId)
      throw error
    }
  }

  async unsubscribe(userIds: readonly string[]): Promise<void> {
    for (const userId of userIds) this.#named.delete(userId)
    const unwanted = userIds.filter((userId) => !this.#places.has(userId))
    await Promise.all(chunks(unwanted).map((chunk) => this.#unsubscribe(chunk)))
  }

  /**
   * For what is on the screen: watched as long as any place shows the user. What is shown and hidden in a moment goes to
   * the server in one call each; how each user is comes as `user_status_changed`.
   */
  watch(userIds: readonly string[]): () => void {
    for (const userId of userIds) {
      this.#places.set(userId, (this.#places.get(userId) ?? 0) + 1)
      if (!this.#watched.has(userId)) this.#later([userId], 0)
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
          this.#later([userId], lingerMs)
        }
      }
    }
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #later(userIds: readonly string[], ms: number): void {
    if (this.#isClosed) return
    for (const userId of userIds) this.#due.add(userId)
    if (ms === 0) {
      clearTimeout(this.#timer)
      this.#timer = undefined
    }
    this.#timer ??= setTimeout(() => void this.#settle(), ms)
  }

  #isWanted(userId: string): boolean {
    return this.#named.has(userId) || this.#places.has(userId)
  }

  /** Brings the server's memory in line with what is wanted. */
  async #settle(): Promise<void> {
    this.#timer = undefined
    const due = [...this.#due]
    this.#due = new Set()
    const missing = due.filter((userId) => this.#isWanted(userId) && !this.#watched.has(userId))
    const unwanted = due.filter((userId) => !this.#isWanted(userId) && this.#watched.has(userId))
    await Promise.all([
      ...chunks(missing).map((chunk) =>
        this.#insist(chunk, async () => this.#tell(await this.#subscribe(chunk))),
      ),
      ...chunks(unwanted).map((chunk) => this.#insist(chunk, () => this.#unsubscribe(chunk))),
    ])
  }

  /** A new connection knows nobody. The statuses reach the application as the events that it missed. */
  #resume(): void {
    this.#watched.clear()
    const wanted = [...this.#named, ...this.#places.keys()]
    if (wanted.length > 0) this.#later(wanted, 0)
  }

  async #subscribe(userIds: string[]): Promise<UserStatus[]> {
    const { statuses = [] } = await this.#call('presence_subscribe', userIds)
    for (const userId of userIds) this.#watched.add(userId)
    return statuses
  }

  async #unsubscribe(userIds: string[]): Promise<void> {
    for (const userId of userIds) this.#watched.delete(userId)
    await this.#call('presence_unsubscribe', userIds)
  }

  #tell(statuses: readonly UserStatus[]): void {
    for (const status of statuses) this.#events.emit('user_status_changed', status)
  }

  /** Nobody waits for it, so it is tried until an outage is over; what is refused for good is said. */
  async #insist(userIds: string[], work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      const { retryAfterMs = 0 } = error
      const wire = error.toWire()
      if (isRetryable(error)) this.#later(userIds, Math.max(this.#retryMs, retryAfterMs))
      else this.#events.emit('error_message', { event: 'presence_subscribe', error: wire })
    }
  }
}

function chunks(userIds: readonly string[]): string[][] {
  const unique = [...new Set(userIds)]
  return Array.from({ length: Math.ceil(unique.length / usersPerCall) }, (_, index) =>
    unique.slice(index * usersPerCall, (index + 1) * usersPerCall),
  )
}
