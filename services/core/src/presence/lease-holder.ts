import { randomBytes } from 'node:crypto'
import { inSlices } from '../in-slices.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { Outage } from '../observability/outage.ts'
import type { Lease, LeaseStore, Renewal } from './lease-store.ts'
import { OwedReleases } from './owed-releases.ts'
import type { PresenceState } from './states.ts'

export interface LeaseHolderOptions {
  leaseMs: number
  renewMs: number
  graceMs: number
  /** Of most leases something is said in one script call, so that none blocks Redis for long. */
  renewBatch?: number
}

interface Held extends Lease {
  shard: number
  /** Last sign of life, by the monotonic clock: a wall clock may jump. */
  aliveAt: number
}

/** Of all shards, the share that is renewed at once at most: by so much of the interval a renewal may come late. */
const atOnceShare = 1 / 8

/**
 * Takes, renews and gives back the leases of the sockets that this node holds. One call renews all that it holds in a shard:
 * it says how many these are, and compares with Redis where that has another number, or may have lost some.
 */
export class LeaseHolder {
  /** Whose the leases are in Redis: of this process and no other, so that none goes on where it is not held. */
  readonly #node = `@${randomBytes(6).toString('base64url')}`
  readonly #store: LeaseStore
  readonly #options: Required<LeaseHolderOptions>
  readonly #onChange: (state: PresenceState) => void
  readonly #renewing: Outage
  readonly #metrics: Metrics
  readonly #held = new Map<string, Held>()
  readonly #byShard: Map<string, Held>[]
  /** By shard, those that gave a sign of life of which Redis was not told: signs of life are fewer than renewals. */
  readonly #news: Set<Held>[]
  readonly #owed: OwedReleases
  /** Shards in which Redis may have other leases of this node than it holds. */
  readonly #doubtful = new Set<number>()
  #timer: NodeJS.Timeout | undefined
  #nextShard = 0
  /** When this process last did what it does all the time, by the monotonic clock; infinite while it need not. */
  #tickedAt = Number.POSITIVE_INFINITY
  /** When this process last came back from standing still, by the monotonic clock; infinite while it does. */
  #awakeSince = 0

  constructor(deps: {
    store: LeaseStore
    options: LeaseHolderOptions
    /** Called with each state that this node changed. */
    onChange: (state: PresenceState) => void
    log: Logger
    metrics: Metrics
  }) {
    this.#store = deps.store
    this.#options = { renewBatch: 500, ...deps.options }
    this.#onChange = deps.onChange
    this.#renewing = new Outage(deps.log, 'renewing leases')
    this.#metrics = deps.metrics
    this.#byShard = deps.store.keys.shards.map(() => new Map())
    this.#news = deps.store.keys.shards.map(() => new Set())
    this.#owed = new OwedReleases(deps.store)
  }

  /**
   * One shard a tick, so that renewals are spread over the interval. Where a shard holds few, the next ones are renewed
   * with it, in one message: waking up costs both sides more than a lease.
   */
  start(): void {
    const tickMs = this.#options.renewMs / this.#byShard.length
    const mostAtOnce = Math.max(1, Math.floor(this.#byShard.length * atOnceShare))
    this.#tickedAt = performance.now()
    let due = this.#tickedAt + tickMs
    const tick = () => {
      const now = this.#noticeStandstill()
      this.#tickedAt = now
      // Catch up after a stall with a few ticks at once, not one by one for ever.
      due = Math.max(due, now - this.#options.renewMs)
      const shards = this.#dueShards(mostAtOnce)
      due += shards.length * tickMs
      void this.renewShards(shards)
      this.#timer = setTimeout(tick, Math.max(0, due - now))
    }
    this.#timer = setTimeout(tick, tickMs)
  }

  /** The next ones in turn: one, or several of which there is little to say. */
  #dueShards(most: number): number[] {
    const shards: number[] = []
    let news = 0
    while (shards.length < most) {
      news += inShard(this.#news, this.#nextShard).size
      if (shards.length > 0 && news > this.#options.renewBatch) break
      shards.push(this.#nextShard)
      this.#nextShard = (this.#nextShard + 1) % this.#byShard.length
    }
    return shards
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#tickedAt = Number.POSITIVE_INFINITY
  }

  /** Resolves when the user is online by this connection; `full` when they hold too many. */
  async take(lease: Lease): Promise<'taken' | 'full'> {
    const { userId, connectionId } = lease
    const shard = this.#store.keys.shardOf(userId)
    const held: Held = { userId, connectionId, shard, aliveAt: performance.now() }
    // Held from now on: should Redis be away, the next renewal takes the lease.
    this.#held.set(lease.connectionId, held)
    inShard(this.#byShard, shard).set(lease.connectionId, held)
    const { isFull, change, wasSpared } = await this.#store.acquire(this.#node, lease)
    if (isFull) {
      this.#drop(held)
      return 'full'
    }
    if (wasSpared) this.#metrics.presenceSpared.inc()
    this.#announce(change)
    return 'taken'
  }

  /** The connection gave a sign of life. */
  alive(connectionId: string): void {
    const held = this.#held.get(connectionId)
    if (!held) return
    const now = this.#noticeStandstill()
    if (!this.#isAwake) return
    held.aliveAt = now
    inShard(this.#news, held.shard).add(held)
  }

  /**
   * Ends a lease: at once after a clean leave, after the grace period when the connection was lost. Rejects while Redis
   * is away; it is then told when Redis is back.
   */
  async giveBack(connectionId: string, how: 'clean' | 'lost'): Promise<void> {
    const held = this.#held.get(connectionId)
    if (!held) return
    this.#drop(held)
    const graceMs = how === 'clean' ? 0 : this.#options.graceMs
    const now = this.#noticeStandstill()
    const aliveAt = how === 'clean' && this.#isAwake ? now : held.aliveAt
    this.#announce(await this.#owed.release({ ...held, aliveAt }, graceMs))
  }

  /** Renews all this node holds now, after Redis came back: it may have lost what it was told last. */
  async renewAll(): Promise<void> {
    for (const shard of this.#byShard.keys()) this.#doubtful.add(shard)
    await Promise.all(this.#byShard.map((_, shard) => this.renewShards([shard])))
  }

  /** @param shards one, or several that hold few leases */
  async renewShards(shards: number[]): Promise<void> {
    const held = shards.filter((shard) => inShard(this.#byShard, shard).size > 0)
    try {
      if (held.length > 0) {
        await this.#renew(held)
        for (const shard of held) if (this.#doubtful.has(shard)) await this.#compare(shard)
        this.#renewing.worked()
      }
      // After those who are here: their leases may be about to end.
      for (const state of await this.#owed.settle()) this.#announce(state)
    } catch (err) {
      this.#renewing.failed(err)
    }
  }

  /** Doubts what Redis does not have as many leases of as this node holds. */
  async #renew(shards: number[]): Promise<void> {
    const parts = shards.flatMap((shard) => this.#newsOf(shard).map((told) => ({ shard, told })))
    // Of one shard with many signs of life one part after the other; several shards have few, together no more than one part.
    const calls = shards.length > 1 ? [parts] : parts.map((part) => [part])
    for (const some of calls) {
      const now = performance.now()
      const renewals = some.map(({ shard, told }): Renewal => {
        const news = told.map(({ userId, aliveAt }) => ({ userId, silentMs: now - aliveAt }))
        return { shard, held: inShard(this.#byShard, shard).size, news }
      })
      const same = await this.#store.renew(this.#node, renewals)
      for (const [i, { shard, told }] of some.entries()) {
        if (!same[i]) this.#doubtful.add(shard)
        // But for who was heard again while the call was under way.
        for (const held of told) if (held.aliveAt <= now) inShard(this.#news, shard).delete(held)
      }
    }
  }

  /** What Redis does not know of connections in a shard, as much a part as one call takes: one part at the least, maybe of nothing. */
  #newsOf(shard: number): Held[][] {
    const news = inShard(this.#news, shard)
    return news.size > 0 ? inSlices([...news], this.#options.renewBatch) : [[]]
  }

  /**
   * Takes again what Redis does not have, and gives back what this node does not hold. Calls arrive in the order in which
   * they are made: what is taken or given back meanwhile is in neither.
   */
  async #compare(shard: number): Promise<void> {
    const believed = [...inShard(this.#byShard, shard).values()]
    this.#doubtful.delete(shard)
    try {
      const found = await this.#store.leasesOf(this.#node, shard)
      await this.#takeAgain(believed.filter(({ connectionId }) => !found.has(connectionId)))
      for (const [connectionId, userId] of found) {
        if (this.#held.has(connectionId) || this.#owed.has(connectionId)) continue
        this.#announce(await this.#owed.releaseAgain({ userId, connectionId }))
      }
    } catch (err) {
      this.#doubtful.add(shard)
      throw err
    }
  }

  /**
   * Takes leases again that are gone: Redis lost them (restart, flush), or this node was away for longer than a lease.
   * A node that stood still does not know who left meanwhile: it waits for a sign of life of each.
   */
  async #takeAgain(lost: Held[]): Promise<void> {
    const alive = lost.filter((held) => this.#isHeld(held) && held.aliveAt >= this.#awakeSince)
    for (const some of inSlices(alive, this.#options.renewBatch)) {
      await Promise.all(some.filter((held) => this.#isHeld(held)).map((held) => this.#takeOneAgain(held)))
    }
  }

  async #takeOneAgain(held: Held): Promise<void> {
    this.#metrics.leasesLost.inc()
    const { isFull, change } = await this.#store.acquire(this.#node, held)
    if (isFull) return
    this.#announce(change)
    // It may have been given back while the call was under way: then so is the new lease.
    if (!this.#isHeld(held)) this.#announce(await this.#owed.release(held, this.#options.graceMs))
  }

  /**
   * Asked wherever it matters, as nobody knows what runs first after a standstill. A lease is renewed before half of it is
   * over: only a longer one can have ended one. Returns the time.
   */
  #noticeStandstill(): number {
    const now = performance.now()
    if (now - this.#tickedAt > this.#options.leaseMs / 2) {
      this.#tickedAt = now
      this.#wake()
    }
    return now
  }

  /**
   * After a standstill: what connections sent meanwhile waits in the kernel and is read first. It says nothing about
   * when it was sent, nor that they are still there. Two turns: in the first, what had been fetched before may be at hand.
   */
  #wake(): void {
    this.#awakeSince = Number.POSITIVE_INFINITY
    setImmediate(() => {
      setImmediate(() => {
        this.#awakeSince = performance.now()
      })
    })
  }

  get #isAwake(): boolean {
    return this.#awakeSince < Number.POSITIVE_INFINITY
  }

  #isHeld({ connectionId }: Lease): boolean {
    return this.#held.has(connectionId)
  }

  #drop(held: Held): void {
    this.#held.delete(held.connectionId)
    inShard(this.#byShard, held.shard).delete(held.connectionId)
    inShard(this.#news, held.shard).delete(held)
  }

  #announce(state: PresenceState | undefined): void {
    if (!state) return
    this.#metrics.presenceChanges.inc({ to: state.isOnline ? 'online' : 'offline' })
    this.#onChange(state)
  }
}

function inShard<T>(byShard: T[], shard: number): T {
  const found = byShard[shard]
  if (found === undefined) throw new RangeError(`no presence shard ${shard}`)
  return found
}
