import { isUtf8 } from 'node:buffer'
import { createSecretKey } from 'node:crypto'
import { CodedError, userIdMaxChars } from '@earshot/protocol'
import {
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
  SignJWT,
} from 'jose'
import { claimsSignedWith } from './hs256.ts'

/** In tokens that this service signs: when the session began, in seconds since 1970. A platform's own tokens lack it. */
const loginClaim = 'earshot_login'

export interface TokenOptions {
  secret?: string | undefined
  jwksUrl?: string | undefined
  /** Accepted with `jwksUrl`; never taken from the token. */
  algorithms: string[]
  issuer?: string | undefined
  audience?: string | undefined
  userClaim: string
  nameClaim: string
}

/** Who a token says its bearer is. */
export interface Identity {
  userId: string
  name: string
  /** Milliseconds since 1970. */
  expiresAt: number
}

/** Verifies tokens by shared secret or issuer's keys, and signs those of built-in accounts. */
export class Tokens {
  readonly #options: TokenOptions
  readonly #secret: ReturnType<typeof createSecretKey> | undefined
  readonly #keys: ReturnType<typeof createRemoteJWKSet> | undefined

  constructor(options: TokenOptions) {
    this.#options = options
    this.#secret = options.secret ? createSecretKey(Buffer.from(options.secret)) : undefined
    this.#keys = options.jwksUrl ? createRemoteJWKSet(new URL(options.jwksUrl)) : undefined
  }

  /** @throws {CodedError} `UNAUTHENTICATED`; `RETRY_LATER` when the issuer's keys cannot be had */
  async verify(token: string): Promise<Identity> {
    const { issuer, audience, nameClaim, userClaim } = this.#options
    const checks: JWTVerifyOptions = { requiredClaims: ['exp', userClaim], clockTolerance: 5 }
    if (issuer) checks.issuer = issuer
    if (audience) checks.audience = audience
    const payload = await this.#payload(token, checks)
    const user = payload[userClaim]
    const userId = typeof user === 'number' ? String(user) : user
    if (typeof userId !== 'string' || !isUserId(userId)) {
      throw new CodedError('UNAUTHENTICATED', `The token's claim ${userClaim} does not name a user.`)
    }
    const name = payload[nameClaim]
    return {
      userId,
      name: (typeof name === 'string' && keepable(name.slice(0, 256))) || userId,
      expiresAt: (payload.exp ?? 0) * 1000,
    }
  }

  async #payload(token: string, checks: JWTVerifyOptions): Promise<JWTPayload> {
    let algorithm: string | undefined
    let isPlain: boolean
    try {
      const encoded = token.split('.', 1)[0] ?? ''
      const bytes = Buffer.from(encoded, 'base64url')
      const header = JSON.parse(bytes.toString())
      algorithm = header.alg
      // What is written as nobody writes it is left to `jose`.
      isPlain = header.crit === undefined && isUtf8(bytes) && bytes.toString('base64url') === encoded
    } catch (cause) {
      throw new CodedError('UNAUTHENTICATED', 'The token is not a JWT.', { cause })
    }
    try {
      // The algorithm only chooses between the two ways the configuration allows; each fixes its own.
      if (algorithm === 'HS256' && this.#secret) {
        const claims = isPlain ? claimsSignedWith(this.#secret, token, checks) : undefined
        if (claims) return claims
        // And says what is wrong with it.
        return (await jwtVerify(token, this.#secret, { ...checks, algorithms: ['HS256'] })).payload
      }
      if (algorithm !== 'HS256' && this.#keys) {
        return (await jwtVerify(token, this.#keys, { ...checks, algorithms: this.#options.algorithms }))
          .payload
      }
    } catch (cause) {
      if (cause instanceof errors.JWTExpired) {
        throw new CodedError('UNAUTHENTICATED', 'The token has expired.', { cause })
      }
      if (cause instanceof errors.JWKSTimeout || cause instanceof TypeError) {
        throw new CodedError('RETRY_LATER', "The issuer's keys cannot be had.", {
          retryAfterMs: 1_000,
          cause,
        })
      }
      throw new CodedError('UNAUTHENTICATED', 'The token is not valid.', { cause })
    }
    throw new CodedError('UNAUTHENTICATED', 'The token is signed by an algorithm that is not accepted.')
  }

  /** When the session of a token that `verify` accepts began, in seconds since 1970; `undefined` for another issuer's. */
  loginOf(token: string): number | undefined {
    const loginAt = decodeJwt(token)[loginClaim]
    return decodeProtectedHeader(token).alg === 'HS256' && typeof loginAt === 'number' ? loginAt : undefined
  }

  /**
   * @param session.loginAt when it began, in seconds since 1970
   * @throws {CodedError} `FORBIDDEN` without a shared secret
   */
  async sign(
    userId: string,
    name: string,
    { ttlSeconds, loginAt }: { ttlSeconds: number; loginAt: number },
  ): Promise<{ token: string; expiresAt: number }> {
    if (!this.#secret) throw new CodedError('FORBIDDEN', 'Built-in accounts need JWT_SECRET.')
    const { userClaim, nameClaim, issuer, audience } = this.#options
    const expiresAt = Math.floor(Date.now() / 1000) + ttlSeconds
    const jwt = new SignJWT({ [userClaim]: userId, [nameClaim]: name, [loginClaim]: loginAt })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuedAt()
      .setExpirationTime(expiresAt)
    if (issuer) jwt.setIssuer(issuer)
    if (audience) jwt.setAudience(audience)
    return { token: await jwt.sign(this.#secret), expiresAt: expiresAt * 1000 }
  }
}

function isUserId(text: string): boolean {
  return text !== '' && text.length <= userIdMaxChars && keepable(text) === text
}

/** Without NULs and halves of characters, which not every store keeps. */
function keepable(text: string): string {
  return text.replaceAll('\0', '').replaceAll(/\p{Cs}/gu, '')
}
