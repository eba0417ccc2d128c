import type { Redis } from 'ioredis'
import { defineScript, type ScriptCall } from '../clients/lua.ts'
import { callsFor } from '../clients/slots.ts'
import { inSlices } from '../in-slices.ts'
import { TurnBatch } from '../turn-batch.ts'
import { PresenceKeys, type ShardKeys } from './keys.ts'
import type { PresenceState } from './states.ts'

export interface Lease {
  userId: string
  connectionId: string
}

interface HeldLease extends Lease {
  node: string
}

/** A sign of life, to be told with a renewal. */
export interface LeaseNews {
  userId: string
  /** How long ago it was. */
  silentMs: number
}

/** What a node says of its leases in one shard. */
export interface Renewal {
  shard: number
  /** How many it believes to hold there. */
  held: number
  news: LeaseNews[]
}

/** More would block Redis for long. */
const usersPerCall = 500
const leasesPerCall = 200
/** What `acquire.lua` says of a user whose keys are not what they should be. */
const failed = -2

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

/** What gateways do with leases in Redis: what changes one is an atomic script on its shard. Rejects while Redis is away. */
export class LeaseStore {
  readonly keys: PresenceKeys
  readonly #redis: Redis
  readonly #options: LeaseStoreOptions
  /** In a storm many come in one turn. All else about leases comes after those that were asked for before. */
  readonly #acquiring = new TurnBatch<HeldLease, Map<Lease, Acquired | Error>>(
    (leases) => this.#acquireAll(leases),
    { max: leasesPerCall },
  )
  readonly #scripts: Record<'acquire' | 'release' | 'renew' | 'read' | 'told', ScriptCall>

  constructor(redis: Redis, options: LeaseStoreOptions) {
    this.#redis = redis
    this.#options = options
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

  /**
   * Takes a lease; one that exists goes on.
   * @param node who holds the connection: a name that no other process has, nor an earlier one
   */
  async acquire(node: string, lease: Lease): Promise<Acquired> {
    const held = { ...lease, node }
    const answer = (await this.#acquiring.add(held)).get(held)
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error('a lease was not answered')
    return answer
  }

  /**
   * Returns the user's new state when this made them offline. A lease that is gone already changes nothing but, maybe,
   * `lastSeen`.
   * @param silentMs how long ago the connection gave its last sign of life
   * @param graceMs how long it may come back before the user is shown offline; 0 after a clean leave
   */
  async release(lease: Lease, silentMs: number, graceMs: number): Promise<PresenceState | undefined> {
    this.#acquiring.flush()
    const { userId, connectionId } = lease
    const { sighted, nodePrefix } = this.#keysOf(userId)
    const args = [userId, connectionId, wholeMs(silentMs), wholeMs(graceMs), nodePrefix]
    const keys = [...this.#userKeys(userId), sighted]
    const answer = (await this.#scripts.release(keys, args)) as number[]
    const [changed, version = 0, lastSeen = 0] = answer
    return changed === 1 ? { userId, isOnline: false, version, lastSeen } : undefined
  }

  /**
   * Renews all leases of a node in some shards, by one call where they need not be in one slot. Returns for each whether they are what
   * the node believes: if not, some are gone or too many, and `leasesOf` tells which.
   * @param renewals with a thousand news at most
   */
  async renew(node: string, renewals: Renewal[]): Promise<boolean[]> {
    this.#acquiring.flush()
    const calls = callsFor(this.#redis, renewals).map((some) => this.#renewAtOnce(node, some))
    return (await Promise.all(calls)).flat()
  }

  async #renewAtOnce(node: string, renewals: Renewal[]): Promise<boolean[]> {
    const keys: string[] = []
    const args: (string | number)[] = [this.#options.leaseMs, node]
    for (const { shard, held, news } of renewals) {
      const { nodes, seen, nodePrefix } = this.keys.of(shard)
      keys.push(nodes, nodePrefix + node, seen)
      const signs = news.flatMap(({ userId, silentMs }) => [wholeMs(silentMs), userId])
      // One argument: each is dearer to a client, and to Redis, than what it says.
      args.push(held, signs.length === 0 ? '' : JSON.stringify(signs))
    }
    const same = (await this.#scripts.renew(keys, args)) as number[]
    return same.map((one) => one === 1)
  }

  /** The leases of a node in one shard: user by connection. */
  async leasesOf(node: string, shard: number): Promise<Map<string, string>> {
    this.#acquiring.flush()
    const leases = await this.#redis.hgetall(this.keys.of(shard).nodePrefix + node)
    return new Map(Object.entries(leases))
  }

  /** What Redis knows of these users; who is absent in the answer is offline, and known to MongoDB alone. */
  async read(userIds: string[]): Promise<PresenceState[]> {
    this.#acquiring.flush()
    const calls = inSlices([...new Set(userIds)], usersPerCall).flatMap((some) =>
      callsFor(this.#redis, [...Map.groupBy(some, (userId) => this.keys.shardOf(userId))]),
    )
    return (await Promise.all(calls.map((shards) => this.#readAtOnce(shards)))).flat()
  }

  async #readAtOnce(shards: [shard: number, userIds: string[]][]): Promise<PresenceState[]> {
    const keys = shards.flatMap(([shard]) => {
      const { deadlines, dirty, seen } = this.keys.of(shard)
      return [deadlines, dirty, seen]
    })
    const args = shards.flatMap(([shard, users]) => [this.keys.of(shard).userPrefix, users.length, ...users])
    const rows = (await this.#scripts.read(keys, args)) as (number[] | null)[]
    return shards
      .flatMap(([, users]) => users)
      .flatMap((userId, i) => {
        const row = rows[i]
        if (!row) return []
        const [online, version = 0, lastSeen = 0] = row
        return [{ userId, isOnline: online === 1, version, lastSeen }]
      })
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

  /** What fails, fails for those whom it concerns. */
  async #acquireAll(leases: HeldLease[]): Promise<Map<Lease, Acquired | Error>> {
    const answers = new Map<Lease, Acquired | Error>()
    const calls = [...Map.groupBy(leases, ({ node }) => node)].flatMap(([node, some]) => {
      const byShard = [...Map.groupBy(some, ({ userId }) => this.keys.shardOf(userId)).values()]
      return callsFor(this.#redis, byShard).map(async (shards) => {
        const together = shards.flat()
        const rows = await this.#acquireAtOnce(node, together).catch((error: Error) => error)
        for (const [i, lease] of together.entries()) {
          answers.set(lease, rows instanceof Error ? rows : acquiredBy(lease, rows[i]))
        }
      })
    })
    await Promise.all(calls)
    return answers
  }

  async #acquireAtOnce(node: string, leases: Lease[]): Promise<number[][]> {
    const { leaseMs, maxConnectionsPerUser } = this.#options
    const keys = leases.flatMap(({ userId }) => [...this.#userKeys(userId), this.#keysOf(userId).nodes])
    const args = leases.flatMap(({ userId, connectionId }) => [
      userId,
      connectionId,
      this.#keysOf(userId).nodePrefix,
    ])
    const rows = await this.#scripts.acquire(keys, [leaseMs, maxConnectionsPerUser, node, ...args])
    return rows as number[][]
  }

  #keysOf(userId: string): ShardKeys {
    return this.keys.of(this.keys.shardOf(userId))
  }

  #userKeys(userId: string): string[] {
    const { userPrefix, deadlines, dirty, outbox, seen } = this.#keysOf(userId)
    return [userPrefix + userId, deadlines, dirty, outbox, seen]
  }
}

function acquiredBy({ userId }: Lease, row: number[] | undefined): Acquired | Error {
  const [outcome, version = 0, lastSeen = 0, spared] = row ?? []
  if (outcome === undefined || outcome === failed) return new Error('a lease could not be taken')
  return {
    isFull: outcome < 0,
    ...(outcome === 1 && { change: { userId, isOnline: true, version, lastSeen } }),
    wasSpared: spared === 1,
  }
}

function wholeMs(ms: number): number {
  return Math.max(0, Math.round(ms))
}
