import type { Identity, Tokens } from '@earshot/core/accounts/tokens'
import type { UserStore } from '@earshot/core/accounts/user-store'
import { VerifiedTokens } from '@earshot/core/accounts/verified-tokens'
import { CodedError } from '@earshot/protocol'
import type { FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the `authenticate` hook of the routes that need it. */
    identity: Identity | null
  }
}

/** A hook that lets in who has a valid token. @throws {CodedError} `UNAUTHENTICATED` */
export function authenticate(tokens: Tokens, users: UserStore) {
  const verified = new VerifiedTokens(tokens)
  return async (request: FastifyRequest): Promise<void> => {
    const token = bearerOf(request.headers.authorization)
    // Of somebody who polls both are remembered: then nothing waits.
    const identity = verified.known(token) ?? (await verified.verify(token))
    const { userId, name } = identity
    request.identity = {
      ...identity,
      name: users.ensured(userId, name) ?? (await users.ensure(userId, name)),
    }
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
