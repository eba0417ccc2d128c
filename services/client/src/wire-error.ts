import { CodedError, type ErrorCode, errorTable, type WireError } from '@earshot/protocol'

function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorTable, value)
}

/** The error that a failed ack, an HTTP reply or a refused connection carries; `undefined` if it carries none. */
export function fromWire(value: unknown): CodedError | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { code, message, retryAfterMs, field } = value as Partial<Record<keyof WireError, unknown>>
  if (!isErrorCode(code)) return undefined
  return new CodedError(code, typeof message === 'string' ? message : errorTable[code].meaning, {
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : undefined,
    field: typeof field === 'string' ? field : undefined,
  })
}

/** For replies of something in between (a proxy) that does not speak our errors. */
export function fromHttpStatus(status: number): CodedError {
  const code = (Object.keys(errorTable) as ErrorCode[]).find((code) => errorTable[code].httpStatus === status)
  if (code) return new CodedError(code, errorTable[code].meaning)
  if (status === 502 || status === 504) return new CodedError('RETRY_LATER', 'The server is not reachable.')
  return new CodedError(
    status < 500 ? 'BAD_REQUEST' : 'INTERNAL',
    `The server answered with status ${status}.`,
  )
}
