import type { UserStatus } from '@earshot/protocol'
import type { Fanout } from '../fanout.ts'
import { hiddenStatus } from '../presence/to-status.ts'
import { type Audience, isNobody, minus, only } from './audience.ts'
import type { Visibility } from './visibility.ts'

/** Of how many people one is told at once. */
const shownAtMost = 500

/**
 * When it changes who sees a user, clients that hear of everybody are told, too: who sees the user no more, that there is
 * nothing to see; who does now, how it is. Nobody else hears anything, since a change is a sign of life.
 */
export class BroadcastVisibility {
  readonly #visibility: Visibility
  readonly #shown: (userIds: readonly string[], version: number) => Promise<Map<string, UserStatus>>
  readonly #fanout: Fanout
  readonly #isOn: boolean

  constructor(deps: {
    visibility: Visibility
    /** The status of users as of a change. */
    shown: (userIds: readonly string[], version: number) => Promise<Map<string, UserStatus>>
    fanout: Fanout
    isOn: boolean
  }) {
    this.#visibility = deps.visibility
    this.#shown = deps.shown
    this.#fanout = deps.fanout
    this.#isOn = deps.isOn
  }

  /** Makes a change of who sees the user, and tells of it. */
  async around(userId: string, version: number, change: () => Promise<void>): Promise<void> {
    if (!this.#isOn) return change()
    const before = await this.#visibility.audience(userId)
    await change()
    const after = await this.#visibility.audience(userId)
    this.#hide(userId, minus(before, after), version)
    await this.#show(userId, minus(after, before), version)
  }

  /** Two users see each other since now. */
  async revealed(userId: string, otherId: string, version: number): Promise<void> {
    if (this.#isOn && (await this.#visibility.sees(userId, otherId))) {
      await this.#show(userId, only(new Set([otherId])), version)
    }
  }

  #hide(userId: string, from: Audience, version: number): void {
    if (isNobody(from)) return
    this.#fanout.presenceTo(hiddenStatus(userId, version), from)
    if (from.everyone) return
    for (const other of from.users) this.#fanout.presenceToUser(hiddenStatus(other, version), userId)
  }

  async #show(userId: string, to: Audience, version: number): Promise<void> {
    if (isNobody(to)) return
    const named = to.everyone ? [] : [...to.users].slice(0, shownAtMost)
    // Who is named may hide from the user for reasons of their own.
    const seen = await this.#visibility.seenAmong(userId, named)
    const statuses = await this.#shown([userId, ...seen], version)
    const own = statuses.get(userId)
    if (own) this.#fanout.presenceTo(own, to.everyone ? to : only(seen))
    for (const other of seen) {
      const status = statuses.get(other)
      if (status) this.#fanout.presenceToUser(status, userId)
    }
  }
}
