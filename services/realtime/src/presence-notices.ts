import type { ChangeNotices } from '@earshot/core/presence/status-publisher'
import { ProcessChannel, type ProcessChannelDeps } from './process-channel.ts'

/** Whose presence changed, as processes tell each other. The channel is `<prefix>:presence:changed`. */
export class PresenceNotices implements ChangeNotices {
  readonly #publish: ProcessChannelDeps['publish']
  readonly #name: string
  readonly #channel: ProcessChannel<string[]>
  #state: 'unheard' | 'asked' | 'heard' = 'unheard'
  #hear: (userIds: string[]) => void = () => undefined

  constructor(deps: ProcessChannelDeps & { prefix: string }) {
    this.#name = `${deps.prefix}:presence:changed`
    this.#publish = deps.publish
    this.#channel = new ProcessChannel(deps, this.#name)
  }

  /** @param hear called with those who changed, once somebody wants to know */
  onChange(hear: (userIds: string[]) => void): void {
    this.#hear = hear
  }

  /**
   * Whether it is heard of all changes. The first who asks starts it: a process where nobody polls need not know.
   */
  areHeard(): boolean {
    if (this.#state === 'unheard') {
      this.#state = 'asked'
      this.#channel
        .listen((userIds) => this.#hear(userIds))
        .then(
          () => {
            this.#state = 'heard'
          },
          () => {
            this.#state = 'unheard'
          },
        )
    }
    return this.#state === 'heard'
  }

  publish(userIds: string[]): void {
    this.#hear(userIds)
    // Who is cut off remembers nothing.
    this.#publish(this.#name, JSON.stringify(userIds)).catch(() => undefined)
  }
}
