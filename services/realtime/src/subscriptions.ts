import type { Redis } from 'ioredis'

type Subscribe = (...channels: string[]) => Promise<unknown>

/**
 * Follows the subscriptions that the adapter starts and ends without waiting for them: so that others can wait, and so
 * that a failure (Redis away while the process leaves) is nobody's unhandled rejection.
 */
export class Subscriptions {
  /** Done when all that was asked for so far is. One promise, not one for each: in a storm hundreds are under way. */
  #pending: Promise<unknown> = Promise.resolve()

  constructor(subscriber: Redis) {
    const subscribe = (subscriber.ssubscribe as Subscribe).bind(subscriber)
    const unsubscribe = (subscriber.sunsubscribe as Subscribe).bind(subscriber)
    subscriber.ssubscribe = ((...channels: string[]) => {
      const promise = subscribe(...channels)
      this.#pending = ended(this.#pending, promise)
      return promise
    }) as typeof subscriber.ssubscribe
    // Nobody waits for its end.
    subscriber.sunsubscribe = ((...channels: string[]) => {
      const promise = unsubscribe(...channels)
      promise.catch(() => undefined)
      return promise
    }) as typeof subscriber.sunsubscribe
  }

  /** Resolves when what was asked for until now is heard: from then on nothing published is missed. */
  async settled(): Promise<void> {
    await this.#pending
  }
}

/** Never rejects. */
async function ended(before: Promise<unknown>, last: Promise<unknown>): Promise<void> {
  await before
  await last.catch(() => undefined)
}
