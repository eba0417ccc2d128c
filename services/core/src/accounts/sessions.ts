import { CodedError, type Session } from '@earshot/protocol'
import type { Tokens } from './tokens.ts'
import type { UserStore } from './user-store.ts'

/** Sessions of those whom this service itself logged in. A session is a chain of tokens, each had for the one before. */
export class Sessions {
  readonly #users: UserStore
  readonly #tokens: Tokens
  readonly #tokenTtlSeconds: number
  readonly #maxSeconds: number

  constructor(deps: {
    users: UserStore
    tokens: Tokens
    tokenTtlSeconds: number
    /** How long after the login there are new tokens; then one logs in again. */
    maxSeconds: number
  }) {
    this.#users = deps.users
    this.#tokens = deps.tokens
    this.#tokenTtlSeconds = deps.tokenTtlSeconds
    this.#maxSeconds = deps.maxSeconds
  }

  async begin(userId: string, name: string): Promise<Session> {
    return this.#session(userId, await this.#users.ensure(userId, name), nowSeconds())
  }

  /**
   * @param token a valid one of the session
   * @throws {CodedError} `FORBIDDEN` for the token of another issuer, `UNAUTHENTICATED` when the session is too old
   */
  async renew(token: string): Promise<Session> {
    const { userId, name } = await this.#tokens.verify(token)
    const loginAt = this.#tokens.loginOf(token)
    if (loginAt === undefined) {
      throw new CodedError('FORBIDDEN', 'The token is of another issuer, who alone can renew it.')
    }
    if (loginAt + this.#maxSeconds <= nowSeconds()) {
      throw new CodedError('UNAUTHENTICATED', 'The session is too old: log in again.')
    }
    return this.#session(userId, await this.#users.ensure(userId, name), loginAt)
  }

  async #session(userId: string, name: string, loginAt: number): Promise<Session> {
    const left = loginAt + this.#maxSeconds - nowSeconds()
    const ttlSeconds = Math.min(this.#tokenTtlSeconds, left)
    const { token, expiresAt } = await this.#tokens.sign(userId, name, { ttlSeconds, loginAt })
    return { _id: userId, name, token, expiresAt: new Date(expiresAt).toISOString() }
  }
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1_000)
}
