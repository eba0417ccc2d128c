import { createSecretKey } from 'node:crypto'
import { SignJWT } from 'jose'

export async function mintToken(
  secret: string,
  userId: string,
  { name = `Name of ${userId}`, expiresIn = '1h' }: { name?: string; expiresIn?: string | number } = {},
): Promise<string> {
  return new SignJWT({ sub: userId, name })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(expiresIn)
    .sign(createSecretKey(Buffer.from(secret)))
}
