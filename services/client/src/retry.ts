import { CodedError, errorTable } from '@earshot/protocol'

export interface RetryPolicy {
  /** How often a request is sent at most, the first time included. */
  maxTries: number
  /** Wait after the first failure; doubles with each further one. */
  baseDelayMs: number
  maxDelayMs: number
}

export const defaultRetryPolicy: RetryPolicy = { maxTries: 8, baseDelayMs: 300, maxDelayMs: 10_000 }

/** Whether the same request may succeed later, as the error table says. */
export function isRetryable(error: unknown): error is CodedError {
  return error instanceof CodedError && errorTable[error.code].retry === 'later'
}

/** Jittered exponential backoff, and never sooner than the server asked for. `tries` counts from 1. */
export function retryDelayMs(
  policy: RetryPolicy,
  tries: number,
  retryAfterMs = 0,
  random: () => number = Math.random,
): number {
  const backoffMs = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (tries - 1))
  return Math.max(retryAfterMs, backoffMs * (0.5 + random() / 2))
}

/** Rejects as soon as the signal is aborted, with its reason. */
export const sleep = (ms: number, signal?: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      if (signal?.aborted) reject(signal.reason)
      else resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
