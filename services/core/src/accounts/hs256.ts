import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import { type JWTClaimVerificationOptions, type JWTPayload, UnsecuredJWT } from 'jose'

/** Puts before claims whose signature was checked here what `jose` asks for before it checks claims alone. */
const unsecured = `${Buffer.from('{"alg":"none"}').toString('base64url')}.`

/**
 * The claims of a token whose header says HS256 and nothing critical. At once and on this thread: Web Crypto, which `jose` has to
 * use, hands each signature to another one and makes a key of it first, five times the price of the HMAC itself.
 * @returns `undefined` when the signature is not this secret's
 * @throws as `jwtVerify` of `jose`, when the claims are not accepted
 */
export function claimsSignedWith(
  secret: KeyObject,
  token: string,
  checks: JWTClaimVerificationOptions,
): JWTPayload | undefined {
  const [header, claims, signature, ...more] = token.split('.')
  if (claims === undefined || signature === undefined || more.length > 0) return undefined
  const expected = createHmac('sha256', secret).update(`${header}.${claims}`).digest('base64url')
  if (!isSame(signature, expected)) return undefined
  return UnsecuredJWT.decode(`${unsecured}${claims}.`, checks).payload
}

/** As text, in a time that does not tell where they differ. */
function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
