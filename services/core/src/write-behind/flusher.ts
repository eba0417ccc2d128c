import { setTimeout as wait } from 'node:timers/promises'

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

export interface FlushOptions {
  /** What changed later than so long ago waits for another run. */
  quietMs?: number
  /**
   * Over so long a run is spread, where several shards have something: who waits for MongoDB meanwhile is not to wait for
   * all of it.
   */
  spreadMs?: number
  /** Ends a run that is spread; the rest waits for another. */
  signal?: AbortSignal
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

  async run(shards: number[], { quietMs = 0, spreadMs = 0, signal }: FlushOptions = {}): Promise<void> {
    // Workers that run at once seldom meet in a shard.
    const first = Math.floor(Math.random() * shards.length)
    // One after the other: this must not crowd out what people wait for.
    for (const [i, shard] of [...shards.slice(first), ...shards.slice(0, first)].entries()) {
      if (i > 0 && spreadMs > 0)
        await wait(spreadMs / shards.length, undefined, { signal }).catch(() => undefined)
      if (signal?.aborted) return
      await this.#flushShard(shard, quietMs)
    }
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
