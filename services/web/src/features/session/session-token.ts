import { CodedError, HttpApi } from '@earshot/client'
import { claimsOf, fromServer, storeRenewed, type UserSession } from './user-session.ts'

/** Two renewals are no nearer to each other than this. */
const againMs = 20_000
/** Timers do not reach further than three weeks, and sleep with the machine. */
const lookMs = 3_600_000

/**
 * The token of one session: when half of its life is over it is exchanged for a new one, so that who stays logged in is not
 * thrown out in the middle of a sentence. Tokens of a platform's own issuer cannot be renewed here and last as long as they last.
 */
export class SessionToken {
  #session: UserSession
  readonly #http: HttpApi
  #timer: ReturnType<typeof setTimeout> | undefined
  #renewing = false
  /** It cannot be renewed, or is over. */
  #isFinal = false
  #notBefore = 0

  constructor(session: UserSession) {
    this.#session = session
    this.#http = new HttpApi({ url: window.location.origin, getToken: () => this.#session.token })
    this.#plan()
  }

  /** For the SDK, which asks before every connection and request. */
  get = (): string => {
    this.#plan()
    return this.#session.token
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#isFinal = true
  }

  #plan(): void {
    clearTimeout(this.#timer)
    if (this.#isFinal || this.#renewing) return
    const { iat, exp } = claimsOf(this.#session.token)
    if (iat === undefined || exp === undefined) return
    const waitMs = Math.max(((iat + exp) / 2) * 1_000, this.#notBefore) - Date.now()
    if (waitMs <= 0) void this.#renew()
    else this.#timer = setTimeout(() => this.#plan(), Math.min(waitMs, lookMs))
  }

  async #renew(): Promise<void> {
    this.#renewing = true
    this.#notBefore = Date.now() + againMs
    try {
      const renewed = fromServer(await this.#http.renew())
      // The last one of a session ends with it, however often one asks.
      const isLonger = (claimsOf(renewed.token).exp ?? 0) > (claimsOf(this.#session.token).exp ?? 0)
      if (!isLonger || this.#isFinal) this.#isFinal = true
      else {
        this.#session = renewed
        storeRenewed(renewed)
      }
    } catch (error) {
      const code = error instanceof CodedError ? error.code : undefined
      if (code === 'FORBIDDEN' || code === 'UNAUTHENTICATED') this.#isFinal = true
      else console.warn('Earshot: the session could not be renewed yet.', error)
    }
    this.#renewing = false
    this.#plan()
  }
}
