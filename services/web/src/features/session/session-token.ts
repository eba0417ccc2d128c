import { CodedError, HttpApi } from '@earshot/client'
import { claimsOf, fromServer, storeRenewed, type UserSession } from './user-session.ts'

/** A renewal that failed is not tried again before this. */
const againMs = 60_000

/**
 * The token of one session: when half of its life is over it is exchanged for a new one, so that who stays logged in is not
 * thrown out in the middle of a sentence. Tokens of a platform's own issuer cannot be renewed here and last as long as they last.
 */
export class SessionToken {
  #session: UserSession
  readonly #http: HttpApi
  #timer: ReturnType<typeof setTimeout> | undefined
  #isFinal = false
  #notBefore = 0

  constructor(session: UserSession) {
    this.#session = session
    this.#http = new HttpApi({ url: window.location.origin, getToken: () => this.#session.token })
    this.#plan()
  }

  /** For the SDK: asked before every connection and request. A timer alone sleeps with the machine. */
  get = (): string => {
    this.#plan()
    return this.#session.token
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#isFinal = true
  }

  #plan(): void {
    if (this.#isFinal) return
    const { iat, exp } = claimsOf(this.#session.token)
    if (iat === undefined || exp === undefined) return
    const dueAt = Math.max(((iat + exp) / 2) * 1_000, this.#notBefore)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#renew(), Math.max(0, dueAt - Date.now()))
  }

  async #renew(): Promise<void> {
    this.#notBefore = Date.now() + againMs
    try {
      this.#session = fromServer(await this.#http.renew())
      if (!this.#isFinal) storeRenewed(this.#session)
      this.#notBefore = 0
    } catch (error) {
      const code = error instanceof CodedError ? error.code : undefined
      if (code === 'FORBIDDEN' || code === 'UNAUTHENTICATED') this.#isFinal = true
      else console.warn('Earshot: the session could not be renewed yet.', error)
    }
    this.#plan()
  }
}
