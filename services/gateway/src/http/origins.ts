import type { IncomingMessage } from 'node:http'

/**
 * Which pages may connect. `cors` alone does not guard WebSocket upgrades: browsers send the origin and leave the
 * decision to the server.
 */
export class OriginPolicy {
  readonly #allowed: Set<string>

  /** @param configured comma-separated origins, `*` for any, empty for the same origin only */
  constructor(configured: string) {
    this.#allowed = new Set(
      configured
        .split(',')
        .map((origin) => origin.trim())
        .filter(Boolean),
    )
  }

  forCors(): true | string[] {
    return this.#allowed.has('*') ? true : [...this.#allowed]
  }

  allows(request: IncomingMessage): boolean {
    const { origin, host } = request.headers
    // Not a browser: nobody's cookies or page are at risk, the token decides.
    if (origin === undefined || this.#allowed.has('*') || this.#allowed.has(origin)) return true
    return URL.canParse(origin) && new URL(origin).host === host
  }
}
