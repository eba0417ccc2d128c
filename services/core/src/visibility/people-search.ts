import type { UserSummary } from '@earshot/protocol'
import type { UserStore } from '../accounts/user-store.ts'
import { isOpen, openRules } from './rules.ts'
import type { Visibility } from './visibility.ts'

/** So many pages are looked through for people who show when they were seen. */
const pagesAtMost = 10

/** People, by name or by when they were seen: an order, too, tells of presence. */
export class PeopleSearch {
  readonly #users: UserStore
  readonly #visibility: Visibility

  constructor(deps: { users: UserStore; visibility: Visibility }) {
    this.#users = deps.users
    this.#visibility = deps.visibility
  }

  /**
   * Users whose name starts with the text. With an empty text those seen last, of those who show it to everyone; who does
   * not do so themselves gets them by name.
   */
  async search(viewerId: string, text: string, limit: number): Promise<UserSummary[]> {
    const isByTime = text.trim() === '' && isOpen(await this.#visibility.rulesOf(viewerId))
    if (!isByTime) return this.#users.search(text, limit)
    const found: UserSummary[] = []
    for (let page = 0; page < pagesAtMost && found.length < limit; page++) {
      const users = await this.#users.seenLast(limit, page * limit)
      const rules = await this.#visibility.rulesOfEach(users.map(({ _id }) => _id))
      found.push(...users.filter(({ _id }) => isOpen(rules.get(_id) ?? openRules)))
      if (users.length < limit) break
    }
    return found.slice(0, limit)
  }
}
