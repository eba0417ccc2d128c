import type { Socket } from 'node:net'
import { toCodedError } from '@earshot/core/clients/unavailable'
import { CodedError, type ErrorCode, errorTable } from '@earshot/protocol'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'

/** What Fastify itself refuses, in the words of our table. */
const ofStatus: Record<number, ErrorCode> = {
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
  if (error.code === 'INTERNAL') request.log.error({ err, correlationId: request.id }, 'request failed')
  if (error.retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(error.retryAfterMs / 1000))
  reply.code(errorTable[error.code].httpStatus).send({ error: error.toWire() })
}

function translate(err: FastifyError | Error): CodedError {
  if (!('statusCode' in err) || err instanceof CodedError) return toCodedError(err)
  const { statusCode = 500 } = err
  if (statusCode < 400 || statusCode >= 500) return toCodedError(err)
  return new CodedError(ofStatus[statusCode] ?? 'BAD_REQUEST', err.message)
}

/** By the code that Node gives what it cannot read as a request. */
const brokenRequests: Record<string, { status: string; message: string }> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    message: 'The headers are too long.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    message: 'The request did not come to its end.',
  },
}
const noRequest = { status: '400 Bad Request', message: 'This is no HTTP request.' }

/** Answers what never became a request, so that no reply belongs to it, and hangs up. */
export function refuseBrokenRequest(err: Error & { code?: string }, socket: Socket): void {
  if (err.code !== 'ECONNRESET' && socket.writable) {
    const { status, message } = brokenRequests[err.code ?? ''] ?? noRequest
    const body = JSON.stringify({ error: new CodedError('BAD_REQUEST', message).toWire() })
    const head = `content-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close`
    socket.write(`HTTP/1.1 ${status}\r\n${head}\r\n\r\n${body}`)
  }
  socket.destroySoon()
}
