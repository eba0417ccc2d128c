import { CodedError, type ErrorCode } from '@earshot/protocol'

/** Where the server's own words would not help, ours. */
const ownWords: Partial<Record<ErrorCode, string>> = {
  RATE_LIMITED: 'That was a lot at once. Wait a moment, then try again.',
  RETRY_LATER: 'The server cannot be reached right now. Try again in a moment.',
  INTERNAL: 'Something went wrong on the server. Try again in a moment.',
}

export function errorText(error: unknown): string {
  if (error instanceof CodedError) return ownWords[error.code] ?? error.message
  console.error(error)
  return 'Something went wrong on this page. Load it again and try once more.'
}
