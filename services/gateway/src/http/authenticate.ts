import type { Identity, Tokens } from '@earshot/core/accounts/tokens'
import type { UserStore } from '@earshot/core/accounts/user-store'
import { VerifiedTokens } from '@earshot/core/accounts/verified-tokens'
import { CodedError } from '@earshot/protocol'
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the `authenticate` hook of the routes that need it. */
    identity: Identity | null
  }
}

/** A hook; it calls `done` with a `CodedError` for who is not let in. */
export type Authenticate = (
  request: FastifyRequest,
  reply: FastifyReply,
  done: HookHandlerDoneFunction,
) => void

/** Lets in who has a valid token. @throws {CodedError} `UNAUTHENTICATED` */
export function authenticate(tokens: Tokens, users: UserStore): Authenticate {
  const verified = new VerifiedTokens(tokens)
  const lookUp = async (token: string): Promise<Identity> => {
    const identity = await verified.verify(token)
    return { ...identity, name: await users.ensure(identity.userId, identity.name) }
  }
  return (request, _reply, done) => {
    const token = bearerOf(request.headers.authorization)
    const identity = verified.known(token)
    const name = identity && users.ensured(identity.userId, identity.name)
    // Of somebody who polls both are remembered: then nothing waits, and no promise is made.
    if (identity && name !== undefined) {
      request.identity = { userId: identity.userId, name, expiresAt: identity.expiresAt }
      done()
      return
    }
    lookUp(token).then((found) => {
      request.identity = found
      done()
    }, done)
  }
}

/** @throws {CodedError} `UNAUTHENTICATED` without one */
export function bearerOf(authorization: string | undefined): string {
  const [scheme, token] = authorization?.split(' ') ?? []
  if (scheme?.toLowerCase() === 'bearer' && token) return token
  throw new CodedError('UNAUTHENTICATED', 'The header Authorization: Bearer <token> is missing.')
}

/** Who asks, on a route with the hook. */
export function identityOf(request: FastifyRequest): Identity {
  if (!request.identity) throw new CodedError('UNAUTHENTICATED', 'This needs a token.')
  return request.identity
}
