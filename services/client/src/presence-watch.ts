import { CodedError, type UserStatus } from '@earshot/protocol'
import type { Emitter } from './emitter.ts'
import type { EarshotEvents } from './events.ts'

/** Users in one `presence_subscribe`: the contract's default limit. */
const usersPerCall = 500

type Call = (
  event: 'presence_subscribe' | 'presence_unsubscribe',
  userIds: string[],
) => Promise<{ statuses?: UserStatus[] }>

/** Remembers whom the application watches, since the server's memory of it ends with the connection. */
export class PresenceWatch {
  readonly #watched = new Set<string>()
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

  /** The statuses after a reconnect reach the application as the events that it missed. */
  async #resume(): Promise<void> {
    if (this.#watched.size === 0) return
    try {
      for (const status of await this.subscribe([...this.#watched])) {
        this.#events.emit('user_status_changed', status)
      }
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
