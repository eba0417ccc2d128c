import { randomUUID } from 'node:crypto'
import type { StatusAnnouncer, StatusNews } from '@earshot/core/presence/status-publisher'
import { ProcessChannel, type ProcessChannelDeps } from './process-channel.ts'

/** As it is on the wire. */
interface Announcement {
  news: StatusNews[]
  from: string
}

/**
 * Changes of presence, as processes tell each other: those of one moment in a few messages that every gateway hears, for each to
 * tell its own sockets. A channel for each person watched would cost a subscription for each of them and node, and a
 * publish for each change, where nobody watches too. The channel is `<prefix>:presence:statuses`.
 */
export class StatusChannel implements StatusAnnouncer {
  readonly #self = randomUUID()
  readonly #channel: ProcessChannel<Announcement>
  readonly #publish: ProcessChannelDeps['publish']
  readonly #name: string
  #hear: (news: StatusNews[]) => void = () => undefined

  /** @param deps.publish never rejects: who was not reached is told again by the outbox, or asks when it hears again */
  constructor(deps: ProcessChannelDeps & { prefix: string }) {
    this.#name = `${deps.prefix}:presence:statuses`
    this.#publish = deps.publish
    this.#channel = new ProcessChannel(deps, this.#name)
  }

  /**
   * Resolves when all that is announced from then on is heard.
   * @param hear for changes of this process too, at once
   */
  async listen(hear: (news: StatusNews[]) => void): Promise<void> {
    this.#hear = hear
    await this.#channel.listen(({ news, from }) => {
      if (from !== this.#self) hear(news)
    })
  }

  announce(news: StatusNews[]): void {
    const announcement: Announcement = { news, from: this.#self }
    void this.#publish(this.#name, JSON.stringify(announcement))
    this.#hear(news)
  }
}
