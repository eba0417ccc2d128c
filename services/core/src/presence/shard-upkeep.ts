import type { Redis } from 'ioredis'
import { defineScript, type ScriptCall } from '../clients/lua.ts'
import type { PresenceKeys } from './keys.ts'
import { type PresenceState, type Sighting, statesOf } from './states.ts'

/** What MongoDB does not have yet, and what Redis holds for it. */
export type Unwritten<T> = T & { raw: string }

/** A change that nobody may have been told of; without `lastSeen` MongoDB has it. */
export interface UntoldChange {
  userId: string
  isOnline: boolean
  version: number
  lastSeen?: number
}

export interface Swept {
  /** Who went offline. */
  gone: PresenceState[]
  untold: UntoldChange[]
  /** There was more to end than one call does. */
  hasMore: boolean
  /**
   * Since when Redis has its memory of this shard, and whether it was compared with MongoDB since. Absent while nodes
   * may still be taking leases again.
   */
  memory?: { born: number; isSettled: boolean }
}

export interface ShardUpkeepOptions {
  leaseMs: number
  /** So long without a sweep of a shard means that nodes may not have reached it either. */
  pauseMs: number
  /** Longer than it takes who made a change to tell it and to note that in Redis: see `outbox.ts`. */
  tellWithinMs?: number
}

/** Some of what a walk finds, maybe more than once; the walk is over when `cursor` is '0' again. */
export interface Page<T> {
  cursor: string
  found: T[]
}

type SweepAnswer = [
  born: number,
  settled: number,
  gone: (string | number)[],
  untold: (string | number)[],
  more: number,
]

/** What workers do with shards in Redis. Rejects while Redis is away. */
export class ShardUpkeep {
  readonly keys: PresenceKeys
  readonly #redis: Redis
  readonly #options: Required<ShardUpkeepOptions>
  readonly #scripts: Record<'sweep' | 'flushed' | 'reconcile', ScriptCall>

  constructor(redis: Redis, keys: PresenceKeys, options: ShardUpkeepOptions) {
    this.keys = keys
    this.#redis = redis
    this.#options = { tellWithinMs: 6_000, ...options }
    const script = (name: string) =>
      defineScript(redis, `presence_${name}`, new URL(`./lua/${name}.lua`, import.meta.url))
    this.#scripts = {
      sweep: script('sweep'),
      flushed: script('flushed'),
      reconcile: script('reconcile'),
    }
  }

  /**
   * Ends what is past its deadline in one shard.
   * @param max about how many users and leases in one call
   * @param wasAway Redis may have been out of the nodes' reach: they get one lease's time to renew first
   */
  async sweep(shard: number, max: number, wasAway: boolean): Promise<Swept> {
    const { deadlines, dirty, outbox, sweep, nodes, seen, userPrefix, nodePrefix } = this.keys.of(shard)
    const { leaseMs, pauseMs, tellWithinMs } = this.#options
    const args = [max, leaseMs, userPrefix, pauseMs, wasAway ? 1 : 0, tellWithinMs, nodePrefix]
    const keys = [deadlines, dirty, outbox, sweep, nodes, seen]
    const [born, settled, gone, flat, more] = (await this.#scripts.sweep(keys, args)) as SweepAnswer
    const untold: UntoldChange[] = []
    for (let i = 0; i + 3 < flat.length; i += 4) {
      const lastSeen = Number(flat[i + 3])
      untold.push({
        userId: String(flat[i]),
        isOnline: flat[i + 1] === 1,
        version: Number(flat[i + 2]),
        ...(lastSeen >= 0 && { lastSeen }),
      })
    }
    return {
      gone: statesOf(gone),
      untold,
      hasMore: more === 1,
      ...(born > 0 && { memory: { born, isSettled: settled === 1 } }),
    }
  }

  /**
   * Makes those offline of whom Redis knows no state, and returns how they are now.
   * @param states of users of this shard, as MongoDB has them
   */
  async reconcile(shard: number, states: PresenceState[]): Promise<PresenceState[]> {
    if (states.length === 0) return []
    const { deadlines, dirty, outbox, sighted } = this.keys.of(shard)
    const args = states.flatMap(({ userId, version, lastSeen }) => [userId, version, lastSeen])
    const gone = await this.#scripts.reconcile([deadlines, dirty, outbox, sighted], args)
    return statesOf(gone as (string | number)[])
  }

  /** Notes that the shard was compared with MongoDB. Redis wiped meanwhile is a new memory, and compared again. */
  async settled(shard: number, born: number): Promise<void> {
    await this.#redis.hset(this.keys.of(shard).sweep, 'settled', born)
  }

  /** How much of it waits in each shard. */
  async waiting(what: 'dirty' | 'sighted'): Promise<number[]> {
    return Promise.all(this.keys.shards.map((keys) => this.#redis.hlen(keys[what])))
  }

  /** States of one shard that MongoDB does not have yet, about `count` of them, from `cursor` on ('0' at first). */
  async dirty(shard: number, cursor: string, count: number): Promise<Page<Unwritten<PresenceState>>> {
    const [next, flat] = await this.#redis.hscan(this.keys.of(shard).dirty, cursor, 'COUNT', count)
    const found = pairs(flat).map(([userId, raw]) => {
      const [lastSeen, online, version] = raw.split('|')
      return { userId, isOnline: online === '1', lastSeen: Number(lastSeen), version: Number(version), raw }
    })
    return { cursor: next, found }
  }

  /** The same of signs of life that were learnt of late. */
  async sighted(shard: number, cursor: string, count: number): Promise<Page<Unwritten<Sighting>>> {
    const [next, flat] = await this.#redis.hscan(this.keys.of(shard).sighted, cursor, 'COUNT', count)
    return {
      cursor: next,
      found: pairs(flat).map(([userId, raw]) => ({ userId, lastSeen: Number(raw), raw })),
    }
  }

  /** Drops what was written to MongoDB, unless it changed since. */
  async flushed(shard: number, what: 'dirty' | 'sighted', written: Unwritten<Sighting>[]): Promise<void> {
    if (written.length === 0) return
    const args = written.flatMap(({ userId, raw }) => [userId, raw])
    await this.#scripts.flushed([this.keys.of(shard)[what]], args)
  }

  /** When each who is online in one shard was seen last, about `count` of them, from `cursor` on ('0' at first). */
  async signsOfLife(shard: number, cursor: string, count: number): Promise<Page<Sighting>> {
    const [next, flat] = await this.#redis.zscan(this.keys.of(shard).seen, cursor, 'COUNT', count)
    const found = pairs(flat).map(([userId, lastSeen]) => ({ userId, lastSeen: Number(lastSeen) }))
    return { cursor: next, found }
  }

  /** True for one worker in `forMs`: it has the shard's checkpoint to write. */
  async claimCheckpoint(shard: number, forMs: number): Promise<boolean> {
    return (await this.#redis.set(this.keys.of(shard).checkpoint, '1', 'PX', forMs, 'NX')) === 'OK'
  }

  async unclaimCheckpoint(shard: number): Promise<void> {
    await this.#redis.del(this.keys.of(shard).checkpoint)
  }
}

function pairs(flat: string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] ?? '', flat[2 * i + 1] ?? ''])
}
