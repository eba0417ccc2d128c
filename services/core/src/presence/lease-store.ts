import type { Redis } from 'ioredis'
import { defineScript, type ScriptCall } from '../clients/lua.ts'
import { PresenceKeys } from './keys.ts'
import type { PresenceState } from './states.ts'

export interface Lease {
  userId: string
  connectionId: string
}

export interface LeaseStoreOptions {
  prefix: string
  shards: number
  leaseMs: number
  maxConnectionsPerUser: number
  /** For how long it is known whose state changed, for nodes that did not hear it; 0 or absent: not at all. */
  changesKeptMs?: number
}

export interface Acquired {
  /** The user holds too many connections already: nothing was taken. */
  isFull: boolean
  /** The user's new state when this made them online. */
  change?: PresenceState
  /** Only the grace of a lost connection had kept the user online: nobody noticed. */
  wasSpared: boolean
}

/**
 * For how long the hash of a user is kept that nobody renews and nobody sweeps. No state ends by it: it only keeps
 * Redis clean when a cluster is switched off for good.
 */
export const forgottenAfterMs = 24 * 3_600_000

/** What gateways do with leases in Redis: each method is one atomic script on one shard. Rejects while Redis is away. */
export class LeaseStore {
  readonly keys: PresenceKeys
  readonly #redis: Redis
  readonly #options: LeaseStoreOptions
  readonly #keepMs: number
  readonly #scripts: Record<'acquire' | 'release' | 'renew' | 'read' | 'told', ScriptCall>

  constructor(redis: Redis, options: LeaseStoreOptions) {
    this.#redis = redis
    this.#options = options
    this.#keepMs = options.leaseMs + forgottenAfterMs
    this.keys = new PresenceKeys(options.prefix, options.shards)
    const script = (name: string) =>
      defineScript(redis, `presence_${name}`, new URL(`./lua/${name}.lua`, import.meta.url))
    this.#scripts = {
      acquire: script('acquire'),
      release: script('release'),
      renew: script('renew'),
      read: script('read'),
      told: script('told'),
    }
  }

  /** Takes a lease; one that exists is renewed. */
  async acquire({ userId, connectionId }: Lease): Promise<Acquired> {
    const { leaseMs, maxConnectionsPerUser } = this.#options
    const args = [userId, connectionId, leaseMs, maxConnectionsPerUser, this.#keepMs]
    const answer = (await this.#scripts.acquire(this.#userKeys(userId), args)) as number[]
    const [outcome = 0, version = 0, lastSeen = 0, spared] = answer
    return {
      isFull: outcome < 0,
      ...(outcome === 1 && { change: { userId, isOnline: true, version, lastSeen } }),
      wasSpared: spared === 1,
    }
  }

  /**
   * Returns the user's new state when this made them offline. A lease that is gone already changes nothing but, maybe,
   * `lastSeen`.
   * @param silentMs how long ago the connection gave its last sign of life
   * @param graceMs how long it may come back before the user is shown offline; 0 after a clean leave
   */
  async release(lease: Lease, silentMs: number, graceMs: number): Promise<PresenceState | undefined> {
    const { userId, connectionId } = lease
    const args = [userId, connectionId, wholeMs(silentMs), wholeMs(graceMs)]
    const keys = [...this.#userKeys(userId), this.keys.of(this.keys.shardOf(userId)).sighted]
    const answer = (await this.#scripts.release(keys, args)) as number[]
    const [changed, version = 0, lastSeen = 0] = answer
    return changed === 1 ? { userId, isOnline: false, version, lastSeen } : undefined
  }

  /**
   * Renews leases of one shard, a thousand at most, and returns those that are gone.
   * @param silentMs how long ago a connection gave its last sign of life; `undefined`: the last renewal told
   * @param keepsKeys puts off that Redis forgets the users; needed now and then, see `forgottenAfterMs`
   */
  async renew<L extends Lease>(
    shard: number,
    leases: L[],
    silentMs: (lease: L) => number | undefined,
    keepsKeys = true,
  ): Promise<L[]> {
    const { deadlines, userPrefix } = this.keys.of(shard)
    const args: (string | number)[] = [this.#options.leaseMs, keepsKeys ? this.#keepMs : 0, userPrefix]
    for (const lease of leases) {
      const silent = silentMs(lease)
      args.push(lease.userId, lease.connectionId, silent === undefined ? '' : wholeMs(silent))
    }
    const lost = (await this.#scripts.renew([deadlines], args)) as number[]
    return lost.flatMap((position) => leases[position] ?? [])
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
        return (rows as (number[] | null)[]).flatMap((row, i) => {
          const userId = users[i]
          if (!row || userId === undefined) return []
          const [online, version = 0, lastSeen = 0] = row
          return [{ userId, isOnline: online === 1, version, lastSeen }]
        })
      }),
    )
    return answers.flat()
  }

  /** Notes that clients were told of these changes, so that no worker tells them again. */
  async told(changes: { userId: string; version: number }[]): Promise<void> {
    const byShard = Map.groupBy(changes, ({ userId }) => this.keys.shardOf(userId))
    await Promise.all(
      [...byShard].map(([shard, some]) => {
        const { outbox, changed } = this.keys.of(shard)
        const pairs = some.flatMap(({ userId, version }) => [userId, version])
        return this.#scripts.told([outbox, changed], [this.#options.changesKeptMs ?? 0, ...pairs])
      }),
    )
  }

  /** Whose state changed since then, by Redis' clock, told or not; no longer ago than `changesKeptMs`. */
  async changedSince(ms: number): Promise<string[]> {
    const found = await Promise.all(
      this.keys.shards.flatMap(({ outbox, changed }) =>
        [outbox, changed].map((key) => this.#redis.zrangebyscore(key, ms, '+inf')),
      ),
    )
    return [...new Set(found.flat())]
  }

  #userKeys(userId: string): string[] {
    const { userPrefix, deadlines, dirty, outbox } = this.keys.of(this.keys.shardOf(userId))
    return [userPrefix + userId, deadlines, dirty, outbox]
  }
}

function wholeMs(ms: number): number {
  return Math.max(0, Math.round(ms))
}
