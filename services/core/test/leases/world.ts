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

type Write = Sighting & { state?: Pick<PresenceState, 'isOnline' | 'version'> }

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
  readonly #gone: PresenceState[] = []
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
    const write = async (writes: Write[]) => {
      for (const one of writes) this.#write(one)
      await this.#afterWrite()
    }
    const written = () => this.#online()
    this.#flusher = new LastSeenFlusher({ upkeep: this.upkeep, lastSeen: { write }, metrics })
    this.#reconciler = new PresenceReconciler({
      upkeep: this.upkeep,
      lastSeen: { online: written },
      onGone: (state) => this.#gone.push(state),
      metrics,
    })
  }

  async now(): Promise<number> {
    const [seconds, micros] = await this.#redis.time()
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000) + this.#ahead
  }

  async pass(ms: number): Promise<void> {
    const { deadlines, dirty, sweep, userPrefix } = this.upkeep.keys.of(0)
    await this.#age([deadlines, dirty, sweep], [ms, userPrefix])
    this.#ahead += ms
  }

  async read(userIds: string[]): Promise<PresenceState[]> {
    return (await this.store.read(userIds)).map((state) => this.virtual(state))
  }

  async dirty(): Promise<Map<string, { lastSeen: number; isOnline: boolean | undefined }>> {
    const { states } = await this.upkeep.dirty(0, '0', 100)
    return new Map(
      states.map(({ userId, lastSeen, state }) => [
        userId,
        { lastSeen: lastSeen + this.#ahead, isOnline: state?.isOnline },
      ]),
    )
  }

  /** @param afterWrite is done when MongoDB has all, before Redis hears of it */
  async flush(afterWrite: () => Promise<void>): Promise<void> {
    this.#afterWrite = afterWrite
    await this.#flusher.run()
  }

  async checkpoint(): Promise<void> {
    const { userIds } = await this.upkeep.online(0, '0', 100)
    const states = await this.store.read(userIds)
    for (const { userId, lastSeen } of states) this.#write({ userId, lastSeen })
  }

  async reconcile(): Promise<PresenceState[]> {
    // A memory that was never compared, so that it is done at each call.
    this.#reconciler.consider(0, { born: 0, isSettled: false })
    await this.#reconciler.run()
    return this.#gone.splice(0).map((state) => this.virtual(state))
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

  #write({ userId, lastSeen, state }: Write): void {
    const before = this.written.get(userId)
    const isNewer = state !== undefined && state.version > (before?.version ?? 0)
    const { isOnline, version } = isNewer ? state : (before ?? { isOnline: undefined, version: 0 })
    if (isOnline === undefined) return
    const seen = Math.max(lastSeen + this.#ahead, before?.lastSeen ?? 0)
    this.written.set(userId, { lastSeen: seen, isOnline, version })
  }

  async *#online(): AsyncGenerator<PresenceState> {
    for (const [userId, { lastSeen, isOnline, version }] of this.written) {
      if (isOnline) yield { userId, isOnline, version, lastSeen: lastSeen - this.#ahead }
    }
  }
}
