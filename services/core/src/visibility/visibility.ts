import { LRUCache } from 'lru-cache'
import { ChangeClock } from '../conversations/change-clock.ts'
import { type Audience, everyoneBut, only } from './audience.ts'
import type { Contacts } from './contacts.ts'
import { RuleHolders } from './rule-holders.ts'
import { hiddenFrom, isGuarded, openRules, shows, type VisibilityRules } from './rules.ts'
import type { VisibilityStore } from './visibility-store.ts'

/**
 * Who sees whose presence: two users see each other's when each shows theirs to the other. One rule for both directions,
 * so that who hides does not see. What was looked up once is remembered; changes are learned as they are announced.
 */
export class Visibility {
  readonly #store: VisibilityStore
  readonly #contacts: Contacts
  readonly #rules = new LRUCache<string, VisibilityRules>({ max: 200_000 })
  readonly #holders: RuleHolders
  readonly #clock = new ChangeClock()
  readonly #hearsOfChanges: () => boolean

  /** @param deps.hearsOfChanges whether `learn` is called for every change; while not, nothing remembered is used */
  constructor(deps: { store: VisibilityStore; contacts: Contacts; hearsOfChanges: () => boolean }) {
    this.#store = deps.store
    this.#contacts = deps.contacts
    this.#holders = new RuleHolders((most) => deps.store.holders(most))
    this.#hearsOfChanges = deps.hearsOfChanges
  }

  /** Grows whenever this process learns of a change: a decision from before may be wrong by now. */
  get generation(): number {
    return this.#clock.now
  }

  /**
   * Learns who has rules of their own, so that all others need no look-up. To be called when `learn` is called for every change,
   * and again after `forgetAll`. Rejects with MongoDB away: then everybody is looked up.
   */
  async loadHolders(): Promise<void> {
    await this.#holders.load()
  }

  /** Without a look-up; `undefined`: not known here. */
  rulesNow(userId: string): VisibilityRules | undefined {
    if (!this.#hearsOfChanges()) return undefined
    return this.#rules.get(userId) ?? (this.#holders.mayBe(userId) ? undefined : openRules)
  }

  async rulesOf(userId: string): Promise<VisibilityRules> {
    return this.rulesNow(userId) ?? (await this.rulesOfEach([userId])).get(userId) ?? openRules
  }

  async rulesOfEach(userIds: Iterable<string>): Promise<Map<string, VisibilityRules>> {
    const rules = new Map<string, VisibilityRules>()
    const missing: string[] = []
    for (const userId of new Set(userIds)) {
      const known = this.rulesNow(userId)
      if (known) rules.set(userId, known)
      else missing.push(userId)
    }
    if (missing.length > 0) for (const [userId, found] of await this.#load(missing)) rules.set(userId, found)
    return rules
  }

  /** Whether the two see each other, where that takes no look-up. */
  seesNow(userA: string, userB: string): boolean | undefined {
    if (userA === userB) return true
    const a = this.rulesNow(userA)
    const b = this.rulesNow(userB)
    if (!a || !b) return undefined
    // Nearly all.
    if (a === openRules && b === openRules) return true
    return both(this.#showsNow(userA, a, userB), this.#showsNow(userB, b, userA))
  }

  /** Whether the two see each other. */
  async sees(userA: string, userB: string): Promise<boolean> {
    return this.seesNow(userA, userB) ?? (await this.seenAmong(userA, [userB])).has(userB)
  }

  /** Those of the users whom this one sees, and who see them. */
  async seenAmong(userId: string, others: readonly string[]): Promise<Set<string>> {
    const rules = await this.rulesOfEach([userId, ...others])
    const own = rules.get(userId) ?? openRules
    const seen = new Set<string>()
    const doubtful: string[] = []
    for (const otherId of others) {
      // Nearly all.
      const isOpenToBoth = own === openRules && (rules.get(otherId) ?? openRules) === openRules
      if (otherId === userId || isOpenToBoth) seen.add(otherId)
      else doubtful.push(otherId)
    }
    const looks = doubtful.map(async (otherId) => {
      const theirs = rules.get(otherId) ?? openRules
      const see = (await this.#shows(userId, own, otherId)) && (await this.#shows(otherId, theirs, userId))
      if (see) seen.add(otherId)
    })
    await Promise.all(looks)
    return seen
  }

  /** Those who see a user, as far as the user's own rules name them: the others' rules are looked at where they are few. */
  async audience(userId: string): Promise<Audience> {
    const rules = await this.rulesOf(userId)
    return isGuarded(rules) ? only(await this.circle(userId)) : everyoneBut(hiddenFrom(rules))
  }

  /** Those who do not see a user though everyone else does, where that takes no look-up; `undefined`: it may be otherwise. */
  hiddenFromNow(userId: string): ReadonlySet<string> | undefined {
    const rules = this.rulesNow(userId)
    return rules && !isGuarded(rules) ? hiddenFrom(rules) : undefined
  }

  /** All who see a user who can be named, the user among them. Only for who does not show themselves to everyone. */
  async circle(userId: string): Promise<Set<string>> {
    const rules = await this.rulesOf(userId)
    const shownTo = rules.lastSeen === 'contacts' ? await this.#contacts.of(userId) : [...rules.except]
    return (await this.seenAmong(userId, shownTo)).add(userId)
  }

  /** Another process, or this one, changed the rules of a user. */
  learn(userId: string, rules: VisibilityRules): void {
    this.#clock.note(userId)
    this.#holders.note(userId)
    const known = this.#rules.get(userId)
    if (!known || known.version <= rules.version) this.#rules.set(userId, rules)
  }

  /** A user wrote to another for the first time. */
  learnContact(userId: string, contactId: string): void {
    this.#clock.note(userId)
    this.#contacts.note(userId, contactId)
  }

  /** Changes may have been missed. */
  forgetAll(): void {
    this.#clock.noteAll()
    this.#rules.clear()
    this.#holders.forget()
  }

  async #load(userIds: string[]): Promise<Map<string, VisibilityRules>> {
    const mark = this.#clock.now
    const found = await this.#store.find(userIds)
    const rules = new Map<string, VisibilityRules>()
    for (const userId of userIds) {
      const read = found.get(userId) ?? openRules
      const learned = this.rulesNow(userId)
      rules.set(userId, learned && learned.version > read.version ? learned : read)
      // An answer from before a change must not outlive it.
      if (!this.#clock.changedSince(mark, userId)) this.#rules.set(userId, read)
    }
    return rules
  }

  #showsNow(userId: string, rules: VisibilityRules, otherId: string): boolean | undefined {
    const shown = shows(rules, otherId)
    return shown === 'if-contact' ? this.#contacts.hasNow(userId, otherId) : shown
  }

  async #shows(userId: string, rules: VisibilityRules, otherId: string): Promise<boolean> {
    const shown = shows(rules, otherId)
    return shown === 'if-contact' ? this.#contacts.has(userId, otherId) : shown
  }
}

function both(a: boolean | undefined, b: boolean | undefined): boolean | undefined {
  if (a === false || b === false) return false
  return a && b
}
