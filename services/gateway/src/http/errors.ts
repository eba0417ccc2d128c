import { toCodedError } from '@earshot/core/clients/unavailable'
import { CodedError, type ErrorCode, errorTable } from '@earshot/protocol'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { fieldOf } from '../realtime/validation.ts'

/** What Fastify itself refuses, in the words of our table. */
const ofStatus: Record<number, ErrorCode> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  413: 'TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA',
  429: 'RATE_LIMITED',
}

/** Translates every error to `{ error: { code, message, ... } }`. */
export function sendError(err: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): void {
  const error = translate(err)
  if (error.code === 'INTERNAL') request.log.error({ err }, 'request failed')
  if (error.retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(error.retryAfterMs / 1000))
  reply.code(errorTable[error.code].httpStatus).send({ error: error.toWire() })
}

function translate(err: FastifyError | Error): CodedError {
  if (!('statusCode' in err) || err instanceof CodedError) return toCodedError(err)
  const [validation] = err.validation ?? []
  if (validation) {
    const field = fieldOf(validation as Parameters<typeof fieldOf>[0])
    return new CodedError('BAD_REQUEST', `${field ?? 'The request'} ${validation.message}.`, { field })
  }
  const code = ofStatus[err.statusCode ?? 500]
  return code ? new CodedError(code, err.message) : toCodedError(err)
}
