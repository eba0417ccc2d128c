import { CodedError, type DemoPerson, type Session } from '@earshot/protocol'
import type { Tokens } from './tokens.ts'
import type { UserStore } from './user-store.ts'

const people: readonly DemoPerson[] = [
  { _id: 'demo-ada', username: 'ada', name: 'Ada' },
  { _id: 'demo-ben', username: 'ben', name: 'Ben' },
]

/** Two people whom a newcomer can be at once, in two windows. They have no password, so nobody can log in as them elsewhere. */
export class DemoPeopleService {
  readonly people: readonly DemoPerson[]
  readonly #users: UserStore
  readonly #tokens: Tokens
  readonly #tokenTtlSeconds: number

  constructor(deps: { users: UserStore; tokens: Tokens; tokenTtlSeconds: number; enabled: boolean }) {
    this.people = deps.enabled ? people : []
    this.#users = deps.users
    this.#tokens = deps.tokens
    this.#tokenTtlSeconds = deps.tokenTtlSeconds
  }

  /** They are among the people before anybody has been one of them. */
  async introduce(): Promise<void> {
    for (const { _id, name } of this.people) await this.#users.ensure(_id, name)
  }

  /** @throws {CodedError} `NOT_FOUND` for others, and where there are none */
  async session(username: string): Promise<Session> {
    const person = this.people.find((known) => known.username === username)
    if (!person) throw new CodedError('NOT_FOUND', 'There is no such demo person.', { field: 'username' })
    const { _id, name } = person
    await this.#users.ensure(_id, name)
    const { token, expiresAt } = await this.#tokens.sign(_id, name, this.#tokenTtlSeconds)
    return { _id, name, token, expiresAt: new Date(expiresAt).toISOString() }
  }
}
