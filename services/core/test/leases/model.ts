/** Hours of virtual time, in milliseconds. */
export const hours = (count: number) => count * 3_600_000

/**
 * The lengths that play a role. Time passes in steps of 0.7 hours, none of these is a multiple of it, and all are long:
 * how fast the machine is decides nothing.
 */
export const lengths = { lease: hours(10), grace: hours(3), pause: hours(5) }
export const mostConnections = 2

export interface Change {
  userId: string
  isOnline: boolean
  lastSeen: number
}

interface ModelUser {
  /** Leases: until when, by connection. */
  leases: Map<string, number>
  graces: Map<string, number>
  seen: number
}

/** What is still to be written: without `isOnline` a sign of life only. */
interface Unwritten {
  lastSeen: number
  isOnline?: boolean
}

/**
 * What Redis is to know, said in the plainest way: no shards, no indexes, no versions. Times are virtual; the caller says
 * what time it is.
 */
export class LeaseModel {
  readonly online = new Map<string, ModelUser>()
  readonly unwritten = new Map<string, Unwritten>()
  readonly written = new Map<string, { lastSeen: number; isOnline: boolean }>()
  #memory: { born: number; sweptAt: number; from: number } | undefined

  /** @returns who came online, nothing when they were before, `full` when they have too many connections */
  acquire(now: number, userId: string, connection: string): Change | 'full' | undefined {
    const user = this.online.get(userId)
    const { leases, graces } = user ?? { leases: new Map<string, number>(), graces: new Map() }
    for (const entries of [leases, graces])
      for (const [id, until] of entries) if (until <= now && id !== connection) entries.delete(id)
    const isNew = !leases.has(connection)
    if (isNew && leases.size >= mostConnections) return 'full'
    const [lastGraced] = [...graces].sort(([, a], [, b]) => b - a)
    if (isNew && lastGraced) graces.delete(lastGraced[0])
    leases.set(connection, now + lengths.lease)
    this.online.set(userId, { leases, graces, seen: now })
    return user ? undefined : this.#changed({ userId, isOnline: true, lastSeen: now })
  }

  /** @returns whether the lease exists still */
  renew(now: number, userId: string, connection: string, aliveAt: number): boolean {
    const user = this.online.get(userId)
    if (!user?.leases.has(connection)) return false
    user.leases.set(connection, now + lengths.lease)
    user.seen = Math.max(user.seen, aliveAt)
    return true
  }

  /** @returns who went offline */
  release(
    now: number,
    userId: string,
    connection: string,
    { aliveAt, grace }: { aliveAt: number; grace: number },
  ): Change | undefined {
    const user = this.online.get(userId)
    if (!user?.leases.has(connection)) {
      if (user) user.seen = Math.max(user.seen, aliveAt)
      else this.#saw(userId, aliveAt)
      return undefined
    }
    user.leases.delete(connection)
    user.seen = Math.max(user.seen, aliveAt)
    if (grace > 0) user.graces.set(connection, now + grace)
    return deadline(user) > now ? undefined : this.#leaves(userId, user.seen)
  }

  /** @returns who went offline */
  sweep(now: number): Change[] {
    const memory = this.#memory ?? { born: now, sweptAt: now, from: 0 }
    if (now - memory.sweptAt > lengths.pause) memory.from = now + lengths.lease
    this.#memory = { ...memory, sweptAt: now }
    if (now < memory.from) return []
    return [...this.online]
      .filter(([, user]) => deadline(user) <= now)
      .map(([userId, { leases, seen }]) =>
        this.#leaves(userId, Math.max(seen, ...[...leases.values()].map((until) => until - lengths.lease))),
      )
  }

  /** Whether who has not come back after a wipe is not going to: asked after a sweep. */
  isMemoryWhole(now: number): boolean {
    const memory = this.#memory
    return memory !== undefined && now >= memory.from && now >= memory.born + lengths.lease
  }

  /** MongoDB takes all there is. */
  flush(): void {
    for (const [userId, { lastSeen, isOnline }] of this.unwritten) {
      const before = this.written.get(userId)
      const state = isOnline ?? before?.isOnline
      if (state === undefined) continue
      this.written.set(userId, { lastSeen: Math.max(lastSeen, before?.lastSeen ?? 0), isOnline: state })
    }
    this.unwritten.clear()
  }

  checkpoint(): void {
    for (const [userId, { seen }] of this.online) {
      const before = this.written.get(userId)
      if (before) before.lastSeen = Math.max(before.lastSeen, seen)
    }
  }

  /** @returns who went offline */
  reconcile(): Change[] {
    return [...this.written].flatMap(([userId, { lastSeen, isOnline }]) => {
      const pending = this.unwritten.get(userId)
      if (!isOnline || this.online.has(userId) || pending?.isOnline !== undefined) return []
      return this.#changed({ userId, isOnline: false, lastSeen: Math.max(lastSeen, pending?.lastSeen ?? 0) })
    })
  }

  wipe(): void {
    this.online.clear()
    this.unwritten.clear()
    this.#memory = undefined
  }

  #leaves(userId: string, lastSeen: number): Change {
    this.online.delete(userId)
    return this.#changed({ userId, isOnline: false, lastSeen })
  }

  #changed(change: Change): Change {
    this.unwritten.set(change.userId, { lastSeen: change.lastSeen, isOnline: change.isOnline })
    return change
  }

  #saw(userId: string, at: number): void {
    const pending = this.unwritten.get(userId)
    this.unwritten.set(userId, { ...pending, lastSeen: Math.max(pending?.lastSeen ?? 0, at) })
  }
}

function deadline({ leases, graces }: ModelUser): number {
  return Math.max(0, ...leases.values(), ...graces.values())
}
