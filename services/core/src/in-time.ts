import { CodedError } from '@earshot/protocol'

/**
 * Waits for what may hang, e.g. a command on a connection whose other end is gone without a word. What was begun goes on.
 * @throws {CodedError} `RETRY_LATER` when it takes too long
 */
export async function inTime<T>(work: Promise<T>, limitMs: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new CodedError('RETRY_LATER', 'A store does not answer.', { retryAfterMs: 1_000 })),
    limitMs,
  )
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
