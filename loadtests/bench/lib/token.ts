import { createHmac } from 'node:crypto'

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** An HS256 token (RFC 7519) of a user, valid for a day. */
export function mintToken(secret: string, userId: string): string {
  const claims = { sub: userId, name: userId, exp: Math.floor(Date.now() / 1_000) + 86_400 }
  const signed = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url(claims)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}
