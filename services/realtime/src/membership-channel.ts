import { randomUUID } from 'node:crypto'
import {
  inParts,
  type MembershipAnnouncer,
  type MembershipChange,
} from '@earshot/core/conversations/membership-change'
import { ProcessChannel, type ProcessChannelDeps } from './process-channel.ts'

/** As it is on the wire. */
type Announcement = MembershipChange & { from: string }

/**
 * Tells all nodes of changes of memberships, and hears of theirs. Not by the adapter's own way between servers, which
 * does not say whether Redis took it. The channel is `<prefix>:membership`.
 */
export class MembershipChannel implements MembershipAnnouncer {
  readonly #self = randomUUID()
  readonly #announcements: ProcessChannel<Announcement>
  #follow: (change: MembershipChange) => Promise<void> = async () => undefined

  constructor(deps: ProcessChannelDeps & { prefix: string }) {
    this.#announcements = new ProcessChannel(deps, `${deps.prefix}:membership`)
  }

  /**
   * Resolves when all that is announced from then on is heard.
   * @param follow for changes of this process too. Never rejects
   */
  async listen(follow: (change: MembershipChange) => Promise<void>): Promise<void> {
    this.#follow = follow
    await this.#announcements.listen(async ({ from, ...change }) => {
      if (from !== this.#self) await follow(change)
    })
  }

  /** Also resolves when this process itself has followed the change. @throws {CodedError} `RETRY_LATER` */
  async announce(change: MembershipChange): Promise<void> {
    const parts = inParts(change)
    await Promise.all([
      this.#follow(change),
      ...parts.map((part) => this.#announcements.send({ ...part, from: this.#self })),
    ])
  }
}
