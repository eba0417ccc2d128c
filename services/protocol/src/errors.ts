/**
 * The error table: every failure that a client can see has one of these codes.
 * `retry` says what a client should do with it: `never` (the same request fails again), `later` (wait
 * `retryAfterMs`, then send the same request again), `reauthenticate` (get a new token first).
 */
export const errorTable = {
  BAD_REQUEST: {
    httpStatus: 400,
    retry: 'never',
    meaning: 'The payload does not fit its schema; `field` names where.',
  },
  UNAUTHENTICATED: {
    httpStatus: 401,
    retry: 'reauthenticate',
    meaning: 'The token is missing, wrong or expired.',
  },
  FORBIDDEN: { httpStatus: 403, retry: 'never', meaning: 'The token is good but does not allow this.' },
  NOT_FOUND: {
    httpStatus: 404,
    retry: 'never',
    meaning: 'It does not exist, or you may not know that it does.',
  },
  CONFLICT: { httpStatus: 409, retry: 'never', meaning: 'It contradicts what is stored already.' },
  TOO_LARGE: { httpStatus: 413, retry: 'never', meaning: 'Over a limit that `GET /limits` publishes.' },
  UNSUPPORTED_MEDIA: {
    httpStatus: 415,
    retry: 'never',
    meaning: 'The content is of a type that is not accepted.',
  },
  RATE_LIMITED: { httpStatus: 429, retry: 'later', meaning: 'You send too often.' },
  RETRY_LATER: {
    httpStatus: 503,
    retry: 'later',
    meaning:
      'The service is full or a store is away. It was not done; only where a store went away in the middle may it have been kept.',
  },
  INTERNAL: {
    httpStatus: 500,
    retry: 'later',
    meaning: 'A fault of the service. It may or may not have taken effect.',
  },
} as const satisfies Record<string, ErrorTableEntry>

interface ErrorTableEntry {
  httpStatus: number
  retry: 'never' | 'later' | 'reauthenticate'
  meaning: string
}

export type ErrorCode = keyof typeof errorTable
export const errorCodes = Object.keys(errorTable) as ErrorCode[]

/** What a failed ack or HTTP reply carries. */
export interface WireError {
  code: ErrorCode
  message: string
  /** Milliseconds to wait before the same request may succeed. */
  retryAfterMs?: number
  /** The path of the payload's field that is wrong, e.g. `voiceMessage.url`. */
  field?: string
}

export interface ErrorDetails {
  retryAfterMs?: number | undefined
  field?: string | undefined
  cause?: unknown
}

/** A failure that has a meaning to the client. Thrown anywhere, translated at the edges: ack, HTTP reply, job. */
export class CodedError extends Error {
  override readonly name = 'CodedError'
  readonly code: ErrorCode
  readonly retryAfterMs: number | undefined
  readonly field: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.retryAfterMs = details.retryAfterMs
    this.field = details.field
  }

  toWire(): WireError {
    const wire: WireError = { code: this.code, message: this.message }
    if (this.retryAfterMs !== undefined) wire.retryAfterMs = this.retryAfterMs
    if (this.field !== undefined) wire.field = this.field
    return wire
  }
}
