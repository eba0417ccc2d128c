import { CodedError, type DemoPerson, type Session } from '@earshot/protocol'
import type { Sessions } from './sessions.ts'
import type { UserStore } from './user-store.ts'

const people: readonly DemoPerson[] = [
  { _id: 'demo-ada', username: 'ada', name: 'Ada' },
  { _id: 'demo-ben', username: 'ben', name: 'Ben' },
]

/** Two people whom a newcomer can be at once, in two windows. They have no password, so nobody can log in as them elsewhere. */
export class DemoPeopleService {
  readonly people: readonly DemoPerson[]
  readonly #users: UserStore
  readonly #sessions: Sessions

  constructor(deps: { users: UserStore; sessions: Sessions; enabled: boolean }) {
    this.people = deps.enabled ? people : []
    this.#users = deps.users
    this.#sessions = deps.sessions
  }

  /** They are among the people before anybody has been one of them. */
  async introduce(): Promise<void> {
    for (const { _id, name } of this.people) await this.#users.ensure(_id, name)
  }

  /** @throws {CodedError} `NOT_FOUND` for others, and where there are none */
  async session(username: string): Promise<Session> {
    const person = this.people.find((known) => known.username === username)
    if (!person) throw new CodedError('NOT_FOUND', 'There is no such demo person.', { field: 'username' })
    return this.#sessions.begin(person._id, person.name)
  }
}
