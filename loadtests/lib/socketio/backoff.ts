/** How long to wait before the next attempt to connect. */
export interface BackoffOptions {
  /** Milliseconds before the first attempt. */
  minMs: number
  /** Most milliseconds before any attempt. */
  maxMs: number
  /** Share of the delay that is left to chance, 0 to 1: a crowd must not come back at one moment. */
  jitter: number
  /** Attempts before it is given up. */
  attempts: number
}

export const defaultBackoff: BackoffOptions = { minMs: 200, maxMs: 5_000, jitter: 0.5, attempts: 50 }

/**
 * Milliseconds to wait before an attempt; doubles up to the most, then loses a random part of its jitter.
 * @param attempt from 0
 * @param random from 0 to 1
 */
export function backoffDelay(attempt: number, options: BackoffOptions, random: number): number {
  const full = Math.min(options.maxMs, options.minMs * 2 ** Math.min(attempt, 30))
  return Math.round(full * (1 - options.jitter * random))
}
