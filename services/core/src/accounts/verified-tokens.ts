import { LRUCache } from 'lru-cache'
import type { Identity, Tokens } from './tokens.ts'

/** An issuer may withdraw a key: a token is verified again after this, milliseconds. */
const believedMs = 60_000

/**
 * Tokens that were verified a moment ago. To verify a signature costs more than most requests do, and clients that poll
 * send the same token again and again. Only what was found valid is remembered, and never past its expiry.
 */
export class VerifiedTokens {
  readonly #tokens: Pick<Tokens, 'verify'>
  readonly #verified = new LRUCache<string, Identity>({
    max: 10_000,
    ttl: believedMs,
    // It looks at the clock so often, by a timer; by default each millisecond.
    ttlResolution: 1_000,
  })

  constructor(tokens: Pick<Tokens, 'verify'>) {
    this.#tokens = tokens
  }

  /** Whose token this is, where that is remembered. */
  known(token: string): Identity | undefined {
    const known = this.#verified.get(token)
    return known && known.expiresAt > Date.now() ? known : undefined
  }

  /** As `Tokens.verify`. */
  async verify(token: string): Promise<Identity> {
    const known = this.known(token)
    if (known) return known
    const identity = await this.#tokens.verify(token)
    this.#verified.set(token, identity)
    return identity
  }
}
