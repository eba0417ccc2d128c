import { createMetrics } from '@earshot/core/observability/metrics'
import { LastSeenFlusher } from '@earshot/core/presence/last-seen-flusher'
import { LeaseStore } from '@earshot/core/presence/lease-store'
import { PresenceReconciler } from '@earshot/core/presence/reconciler'
import { ShardUpkeep } from '@earshot/core/presence/shard-upkeep'
import type { PresenceState, Sighting } from '@earshot/core/presence/states'
import type { Redis } from 'ioredis'
import { defineScript, type ScriptCall } from '../../src/clients/lua.ts'
import { lengths, mostConnections } from './model.ts'

/** Real time that some things take, in milliseconds. */
const tickMs = 10

/**
 * The scripts on a real Redis, whose clock is moved by making all that is stored older. MongoDB is a map that keeps the
 * rules of `LastSeenStore`. Times are virtual on the outside, Redis' own on the inside.
 */
export class World {
  readonly store: LeaseStore
  readonly upkeep: ShardUpkeep
  readonly written = new Map<string, { lastSeen: number; isOnline: boolean; version: number }>()
  readonly #redis: Redis
  readonly #age: ScriptCall
  readonly #flusher: LastSeenFlusher
  readonly #reconciler: PresenceReconciler
  /** What the worker would tell of. */
  readonly #changed: PresenceState[] = []
  /** By how much virtual time is ahead. */
  #ahead = 0
  #afterWrite: () => Promise<void> = async () => undefined

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis
    this.#age = defineScript(redis, 'test_age', new URL('./age.lua', import.meta.url))
    const leaseMs = lengths.lease
    const maxConnectionsPerUser = mostConnections
    this.store = new LeaseStore(redis, { prefix, shards: 1, leaseMs, maxConnectionsPerUser })
    this.upkeep = new ShardUpkeep(redis, this.store.keys, {
      leaseMs,
      pauseMs: lengths.pause,
      tellWithinMs: tickMs,
    })
    const metrics = createMetrics({ role: 'test', node: 'test' })
    const lastSeen = {
      write: async (states: PresenceState[]) => this.#write(states),
      saw: async (sightings: Sighting[]) => this.#saw(sightings),
      find: async (userIds: string[]) => this.#find(userIds),
    }
    this.#flusher = new LastSeenFlusher({
      upkeep: this.upkeep,
      leases: this.store,
      lastSeen,
      onLater: (state) => this.#changed.push(state),
      worthTellingMs: lengths.worthTelling,
      metrics,
    })
    this.#reconciler = new PresenceReconciler({
      upkeep: this.upkeep,
      leases: this.store,
      lastSeen: { ...lastSeen, online: () => this.#online() },
      onGone: (state) => this.#changed.push(state),
      metrics,
    })
  }

  async now(): Promise<number> {
    const [seconds, micros] = await this.#redis.time()
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000) + this.#ahead
  }

  async pass(ms: number): Promise<void> {
    const { deadlines, dirty, sweep, sighted, nodes, seen, userPrefix } = this.upkeep.keys.of(0)
    await this.#age([deadlines, dirty, sweep, sighted, nodes, seen], [ms, userPrefix])
    this.#ahead += ms
  }

  async read(userIds: string[]): Promise<PresenceState[]> {
    return (await this.store.read(userIds)).map((state) => this.virtual(state))
  }

  /** When the user goes offline whom nobody renews. */
  async deadline(userId: string): Promise<number> {
    const { nodes, userPrefix } = this.upkeep.keys.of(0)
    const entries = Object.entries(await this.#redis.hgetall(userPrefix + userId))
    const times = entries.map(([field, value]) => {
      if (field.startsWith('c:')) return this.#redis.zscore(nodes, value)
      return field.startsWith('g:') ? value : 0
    })
    return Math.max(...(await Promise.all(times)).map(Number)) + this.#ahead
  }

  /** What MongoDB is to have. */
  async dirty(): Promise<Map<string, PresenceState>> {
    const { found } = await this.upkeep.dirty(0, '0', 100)
    return new Map(found.map((state) => [state.userId, this.virtual(state)]))
  }

  /** Signs of life that were learnt of late. */
  async sighted(): Promise<Map<string, Sighting>> {
    const { found } = await this.upkeep.sighted(0, '0', 100)
    return new Map(found.map((sighting) => [sighting.userId, this.virtual(sighting)]))
  }

  /** @param afterWrite is done when MongoDB has all states, before Redis hears of it */
  async flush(afterWrite: () => Promise<void> = async () => undefined): Promise<PresenceState[]> {
    let isDone = false
    this.#afterWrite = async () => {
      if (!isDone) await afterWrite()
      isDone = true
    }
    await this.#flusher.run()
    // Nothing was to be written.
    await this.#afterWrite()
    return this.#changed.splice(0).map((state) => this.virtual(state))
  }

  async checkpoint(): Promise<void> {
    const { found } = await this.upkeep.signsOfLife(0, '0', 100)
    this.#saw(found)
  }

  async reconcile(): Promise<PresenceState[]> {
    // A memory that was never compared, so that it is done at each call.
    this.#reconciler.consider(0, { born: 0, isSettled: false })
    await this.#reconciler.run()
    return this.#changed.splice(0).map((state) => this.virtual(state))
  }

  /** Lets real time pass, a little: until no version is ahead of the clock. */
  async tick(): Promise<void> {
    const before = await this.now()
    while ((await this.now()) <= before + tickMs) await this.#redis.ping()
  }

  async wipe(): Promise<void> {
    const keys = await this.#redis.keys(`${this.upkeep.keys.of(0).deadlines.replace(/\{.*/, '')}*`)
    if (keys.length > 0) await this.#redis.del(keys)
  }

  virtual<T extends { lastSeen: number }>(state: T): T {
    return { ...state, lastSeen: state.lastSeen + this.#ahead }
  }

  async #write(states: PresenceState[]): Promise<void> {
    for (const { userId, lastSeen, isOnline, version } of states) {
      const before = this.written.get(userId) ?? { lastSeen: 0, isOnline, version: 0 }
      this.written.set(userId, version > before.version ? { ...before, isOnline, version } : before)
      this.#saw([{ userId, lastSeen }])
    }
    await this.#afterWrite()
  }

  #saw(sightings: Sighting[]): void {
    for (const { userId, lastSeen } of sightings) {
      const before = this.written.get(userId)
      if (before) before.lastSeen = Math.max(before.lastSeen, lastSeen + this.#ahead)
    }
  }

  #find(userIds: string[]) {
    return userIds.flatMap((userId) => {
      const found = this.written.get(userId)
      return found ? [{ userId, name: userId, ...found, lastSeen: found.lastSeen - this.#ahead }] : []
    })
  }

  async *#online(): AsyncGenerator<PresenceState> {
    for (const [userId, { lastSeen, isOnline, version }] of this.written) {
      if (isOnline) yield { userId, isOnline, version, lastSeen: lastSeen - this.#ahead }
    }
  }
}
