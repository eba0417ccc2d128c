import type { Redis } from 'ioredis'
import { defineScript, type ScriptCall } from '../clients/lua.ts'
import { PresenceKeys } from './keys.ts'

/** A user's state as Redis knows it. Times are milliseconds since 1970 by Redis' clock. */
export interface PresenceState {
  userId: string
  isOnline: boolean
  lastSeen: number
  version: number
}

export interface Lease {
  userId: string
  connectionId: string
}

/** A state that MongoDB does not have yet; `raw` is what Redis holds for it. */
export interface DirtyState extends PresenceState {
  raw: string
}

export interface LeaseStoreOptions {
  prefix: string
  shards: number
  leaseMs: number
  maxConnectionsPerUser: number
}

type Triple = [number, number, number]

/** The leases in Redis: each method is one atomic script on one shard. Rejects while Redis is away. */
export class LeaseStore {
  readonly keys: PresenceKeys
  readonly #options: LeaseStoreOptions
  readonly #redis: Redis
  readonly #scripts: Record<'acquire' | 'release' | 'renew' | 'sweep' | 'read' | 'flushed', ScriptCall>

  constructor(redis: Redis, options: LeaseStoreOptions) {
    this.#redis = redis
    this.#options = options
    this.keys = new PresenceKeys(options.prefix, options.shards)
    const script = (name: string) =>
      defineScript(redis, `presence_${name}`, new URL(`./${name}.lua`, import.meta.url))
    this.#scripts = {
      acquire: script('acquire'),
      release: script('release'),
      renew: script('renew'),
      sweep: script('sweep'),
      read: script('read'),
      flushed: script('flushed'),
    }
  }

  /** Returns the user's new state when this made them online, `full` when they hold too many connections. */
  async acquire({ userId, connectionId }: Lease): Promise<PresenceState | 'full' | undefined> {
    const { leaseMs, maxConnectionsPerUser } = this.#options
    const args = [userId, connectionId, leaseMs, maxConnectionsPerUser]
    const [outcome, version, lastSeen] = (await this.#scripts.acquire(this.#userKeys(userId), args)) as Triple
    if (outcome < 0) return 'full'
    return outcome === 1 ? { userId, isOnline: true, version, lastSeen } : undefined
  }

  /**
   * Returns the user's new state when this made them offline.
   * @param silentMs how long ago the connection gave its last sign of life
   * @param graceMs how long it may come back before the user is shown offline; 0 for a clean leave
   */
  async release(lease: Lease, silentMs: number, graceMs: number): Promise<PresenceState | undefined> {
    const { userId, connectionId } = lease
    const args = [userId, connectionId, Math.max(0, Math.round(silentMs)), graceMs]
    const [changed, version, lastSeen] = (await this.#scripts.release(this.#userKeys(userId), args)) as Triple
    return changed === 1 ? { userId, isOnline: false, version, lastSeen } : undefined
  }

  /** Renews leases of one shard and returns those that are gone. */
  async renew(shard: number, leases: Lease[]): Promise<Lease[]> {
    const { deadlines, userPrefix } = this.keys.of(shard)
    const keys = [deadlines]
    const args: (string | number)[] = [this.#options.leaseMs]
    for (const { userId, connectionId } of leases) {
      keys.push(userPrefix + userId)
      args.push(userId, connectionId)
    }
    const lost = (await this.#scripts.renew(keys, args)) as number[]
    return lost.flatMap((position) => leases[position] ?? [])
  }

  /** Ends what is past its deadline in one shard, `max` users at most, and returns who went offline. */
  async sweep(shard: number, max: number): Promise<PresenceState[]> {
    const { deadlines, dirty, userPrefix } = this.keys.of(shard)
    const flat = (await this.#scripts.sweep(
      [deadlines, dirty],
      [max, this.#options.leaseMs, userPrefix],
    )) as (string | number)[]
    const gone: PresenceState[] = []
    for (let i = 0; i + 2 < flat.length; i += 3) {
      gone.push({
        userId: String(flat[i]),
        isOnline: false,
        version: Number(flat[i + 1]),
        lastSeen: Number(flat[i + 2]),
      })
    }
    return gone
  }

  /** What Redis knows of these users; who is absent in the answer is offline, and known to MongoDB alone. */
  async read(userIds: string[]): Promise<PresenceState[]> {
    const byShard = Map.groupBy(new Set(userIds), (userId) => this.keys.shardOf(userId))
    const answers = await Promise.all(
      [...byShard].map(async ([shard, users]) => {
        const { deadlines, dirty, userPrefix } = this.keys.of(shard)
        const rows = await this.#scripts.read(
          [deadlines, dirty],
          [this.#options.leaseMs, userPrefix, ...users],
        )
        return (rows as (Triple | null)[]).flatMap((row, i) => {
          const userId = users[i]
          if (!row || userId === undefined) return []
          return [{ userId, isOnline: row[0] === 1, version: row[1], lastSeen: row[2] }]
        })
      }),
    )
    return answers.flat()
  }

  /** States of one shard that MongoDB does not have yet, about `count` of them, from `cursor` on ('0' at first). */
  async dirty(
    shard: number,
    cursor: string,
    count: number,
  ): Promise<{ cursor: string; states: DirtyState[] }> {
    const [next, flat] = await this.#redis.hscan(this.keys.of(shard).dirty, cursor, 'COUNT', count)
    const states: DirtyState[] = []
    for (let i = 0; i + 1 < flat.length; i += 2) {
      const raw = String(flat[i + 1])
      const [lastSeen, online, version] = raw.split('|').map(Number)
      if (lastSeen === undefined || version === undefined) continue
      states.push({ userId: String(flat[i]), isOnline: online === 1, lastSeen, version, raw })
    }
    return { cursor: next, states }
  }

  /** Drops states that were written to MongoDB, except those that changed since. */
  async flushed(shard: number, states: DirtyState[]): Promise<void> {
    if (states.length === 0) return
    const args = states.flatMap(({ userId, raw }) => [userId, raw])
    await this.#scripts.flushed([this.keys.of(shard).dirty], args)
  }

  #userKeys(userId: string): string[] {
    const { userPrefix, deadlines, dirty } = this.keys.of(this.keys.shardOf(userId))
    return [userPrefix + userId, deadlines, dirty]
  }
}
