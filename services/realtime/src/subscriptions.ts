import type { Redis } from 'ioredis'

/** Follows the subscriptions that the adapter starts and does not wait for. */
export class Subscriptions {
  readonly #pending = new Set<Promise<unknown>>()

  constructor(subscriber: Redis) {
    const subscribe = subscriber.ssubscribe.bind(subscriber) as (...channels: string[]) => Promise<unknown>
    const followed = (...channels: string[]): Promise<unknown> => {
      const promise = subscribe(...channels)
      this.#pending.add(promise)
      const done = () => this.#pending.delete(promise)
      promise.then(done, done)
      return promise
    }
    subscriber.ssubscribe = followed as typeof subscriber.ssubscribe
  }

  /** Resolves when what was asked for until now is heard: from then on nothing published is missed. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#pending)
  }
}
