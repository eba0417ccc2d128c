import { createHmac, createSecretKey } from 'node:crypto'
import { CodedError } from '@earshot/protocol'
import { SignJWT } from 'jose'
import t from 'tap'
import { Tokens } from '../src/accounts/tokens.ts'

const secret = 'a secret of more than thirty-two characters'
const tokens = new Tokens({
  secret,
  algorithms: ['RS256'],
  issuer: 'earshot',
  audience: 'chat',
  userClaim: 'sub',
  nameClaim: 'name',
})
const now = Math.floor(Date.now() / 1_000)
const claims = { sub: 'ada', name: 'Ada', iss: 'earshot', aud: ['chat', 'more'], exp: now + 60 }

function sign(
  payload: Record<string, unknown>,
  { key = secret, header = {}, alg = 'HS256' } = {},
): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg, ...header }).sign(createSecretKey(Buffer.from(key)))
}

function signed(header: string, payload: string): string {
  const signature = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url')
  return `${header}.${payload}.${signature}`
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

t.test('a token signed with the secret names its bearer', async (t) => {
  t.same(await tokens.verify(await sign(claims)), {
    userId: 'ada',
    name: 'Ada',
    expiresAt: claims.exp * 1_000,
  })
  const own = await tokens.sign('ben', 'Ben', { ttlSeconds: 60, loginAt: now })
  t.match(await tokens.verify(own.token), { userId: 'ben', name: 'Ben', expiresAt: own.expiresAt })
})

t.test('any other is refused', async (t) => {
  const good = await sign(claims)
  const [header = '', payload = '', signature = ''] = good.split('.')
  const bad: Record<string, string> = {
    'no JWT': 'nonsense',
    'with no signature': `${header}.${payload}.`,
    'with a part missing': `${header}.${payload}`,
    'with a part more': `${good}.${signature}`,
    'whose signature is cut': good.slice(0, -1),
    'whose claims were changed': `${header}.${encoded({ ...claims, sub: 'eve' })}.${signature}`,
    'whose header was changed': `${encoded({ alg: 'HS256', typ: 'x' })}.${payload}.${signature}`,
    'that names no algorithm': `${encoded({ alg: 'none' })}.${payload}.`,
    'of another algorithm, signed with the secret': await sign(claims, {
      key: secret.repeat(2),
      alg: 'HS512',
    }),
    'of another secret': await sign(claims, { key: 'another secret of thirty-two characters and more' }),
    'with something critical that nobody knows': await sign(claims, {
      header: { crit: ['x'], x: 1 },
    }).catch(() => `${encoded({ alg: 'HS256', crit: ['x'], x: 1 })}.${payload}.${signature}`),
    'whose header has what is no base64url': signed(`${header.slice(0, 4)}!${header.slice(4)}`, payload),
    'whose header is no UTF-8': signed(
      Buffer.from('{"alg":"HS256","x":"\xff"}', 'latin1').toString('base64url'),
      payload,
    ),
    'that expired': await sign({ ...claims, exp: now - 60 }),
    'that never expires': await sign({ ...claims, exp: undefined }),
    'that is not valid yet': await sign({ ...claims, nbf: now + 60 }),
    'of another issuer': await sign({ ...claims, iss: 'eve' }),
    'for another audience': await sign({ ...claims, aud: 'shop' }),
    'that names nobody': await sign({ ...claims, sub: undefined }),
    'that names nobody well': await sign({ ...claims, sub: 'a\0' }),
    'whose claims are no object': await sign(claims).then((token) => token.replace(payload, encoded('ada'))),
  }
  for (const [what, token] of Object.entries(bad)) {
    const refused = await tokens.verify(token).then(
      () => undefined,
      (error: unknown) => error,
    )
    t.ok(refused instanceof CodedError && refused.code === 'UNAUTHENTICATED', what)
  }
})
