import { setTimeout as delay } from 'node:timers/promises'
import { Cancelled } from './failure.ts'

export interface WaitOptions {
  timeoutMs: number
  everyMs?: number
  signal?: AbortSignal | undefined
}

/** Asks again and again until the answer is yes (true) or the time is over (false). */
export async function waitUntil(
  check: () => boolean | Promise<boolean>,
  { timeoutMs, everyMs = 50, signal }: WaitOptions,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    if (signal?.aborted) throw new Cancelled('cancelled')
    if (await check()) return true
    if (performance.now() >= deadline) return false
    await delay(everyMs)
  }
}

/** What the promise gives, or `fallback` when it takes longer than that. Its timer keeps no process alive. */
export async function within<T, F>(promise: Promise<T>, timeoutMs: number, fallback: F): Promise<T | F> {
  const timer = new AbortController()
  try {
    return await Promise.race([promise, delay(timeoutMs, fallback, { ref: true, signal: timer.signal })])
  } finally {
    timer.abort()
  }
}
