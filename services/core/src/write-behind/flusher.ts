/** What waits in Redis for MongoDB, in shards. */
export interface DirtySource<S> {
  /** A page of one shard, from a cursor on; '0' is the one to begin with, and that of the end. */
  dirty(
    shard: number,
    cursor: string,
    count: number,
    quietMs: number,
  ): Promise<{ cursor: string; states: S[] }>
  /** Drops states that were written, except those that changed since. */
  flushed(shard: number, states: S[]): Promise<void>
}

const statesPerWrite = 200

/**
 * Carries what waits from Redis to MongoDB. It drops from Redis just what it wrote, and a write may be repeated: so it may
 * die anywhere, and several may run at once.
 */
export class Flusher<S> {
  readonly #source: DirtySource<S>
  readonly #write: (states: S[]) => Promise<void>
  readonly #onFlushed: (count: number) => void

  constructor(deps: {
    source: DirtySource<S>
    write: (states: S[]) => Promise<void>
    onFlushed: (count: number) => void
  }) {
    this.#source = deps.source
    this.#write = deps.write
    this.#onFlushed = deps.onFlushed
  }

  /** @param quietMs what changed later than so long ago waits for another run */
  async run(shards: number[], quietMs: number): Promise<void> {
    // Workers that run at once seldom meet in a shard.
    const first = Math.floor(Math.random() * shards.length)
    // One after the other: this must not crowd out what people wait for.
    for (const shard of [...shards.slice(first), ...shards.slice(0, first)])
      await this.#flushShard(shard, quietMs)
  }

  async #flushShard(shard: number, quietMs: number): Promise<void> {
    let cursor = '0'
    do {
      const page = await this.#source.dirty(shard, cursor, statesPerWrite, quietMs)
      if (page.states.length > 0) {
        await this.#write(page.states)
        await this.#source.flushed(shard, page.states)
        this.#onFlushed(page.states.length)
      }
      cursor = page.cursor
    } while (cursor !== '0')
  }
}
