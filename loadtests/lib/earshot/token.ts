import { hmac } from 'k6/crypto'
import { b64encode } from 'k6/encoding'

/** Signs a token (JWT, HS256) in the script: a thousand users need no thousand registrations. */
export function signToken(
  { userId, name, ttlSeconds }: { userId: string; name: string; ttlSeconds: number },
  secret: string,
): string {
  const now = Math.floor(Date.now() / 1_000)
  const header = b64encode(JSON.stringify({ alg: 'HS256', typ: 'JWT' }), 'rawurl')
  const claims = b64encode(JSON.stringify({ sub: userId, name, iat: now, exp: now + ttlSeconds }), 'rawurl')
  const signed = `${header}.${claims}`
  return `${signed}.${hmac('sha256', secret, signed, 'base64rawurl')}`
}
