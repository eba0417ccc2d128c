/** Hours of virtual time, in milliseconds. */
export const hours = (count: number) => count * 3_600_000

/**
 * The lengths that play a role. Time passes in steps of 0.7 hours, none of these is a multiple of it, and all are long:
 * how fast the machine is decides nothing.
 */
export const lengths = {
  lease: hours(10),
  grace: hours(3),
  longGrace: hours(13),
  pause: hours(5),
  worthTelling: hours(0.3),
}
export const mostConnections = 2

export interface Change {
  userId: string
  isOnline: boolean
  lastSeen: number
}

interface ModelUser {
  /** Leases: which node holds them, by connection. */
  leases: Map<string, string>
  graces: Map<string, number>
  seen: number
}

interface Written {
  lastSeen: number
  isOnline: boolean
}

/**
 * What Redis is to know, said in the plainest way: no shards, no indexes, no versions. Times are virtual; the caller says
 * what time it is.
 */
export class LeaseModel {
  readonly online = new Map<string, ModelUser>()
  /** Until when the leases of each node last. */
  readonly nodes = new Map<string, number>()
  readonly unwritten = new Map<string, Written>()
  readonly written = new Map<string, Written>()
  /** Signs of life that were learnt of late, of users who were offline. */
  readonly sighted = new Map<string, number>()
  #memory: { born: number; sweptAt: number; from: number } | undefined

  /** @returns who came online, nothing when they were before, `full` when they have too many connections */
  acquire(now: number, node: string, userId: string, connection: string): Change | 'full' | undefined {
    const user = this.online.get(userId)
    const { leases, graces } = user ?? { leases: new Map<string, string>(), graces: new Map() }
    for (const [id, until] of graces) if (until <= now) graces.delete(id)
    for (const [id, of] of leases) if (this.#until(of) <= now && id !== connection) leases.delete(id)
    const isNew = !leases.has(connection)
    if (isNew && leases.size >= mostConnections) return 'full'
    const [lastGraced] = [...graces].sort(([, a], [, b]) => b - a)
    if (isNew && lastGraced) graces.delete(lastGraced[0])
    leases.set(connection, node)
    this.nodes.set(node, now + lengths.lease)
    this.online.set(userId, { leases, graces, seen: now })
    return user ? undefined : this.#changed({ userId, isOnline: true, lastSeen: now })
  }

  /** @returns which leases do not exist any more */
  renew<L extends { userId: string; connectionId: string; aliveAt: number }>(
    now: number,
    node: string,
    leases: L[],
  ): L[] {
    if (this.nodes.has(node)) this.nodes.set(node, now + lengths.lease)
    return leases.filter(({ userId, connectionId, aliveAt }) => {
      const user = this.online.get(userId)
      // That the user was heard is so, whatever became of the lease.
      if (user) user.seen = Math.max(user.seen, aliveAt)
      return user?.leases.get(connectionId) !== node
    })
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
      else this.sighted.set(userId, Math.max(aliveAt, this.sighted.get(userId) ?? 0))
      return undefined
    }
    user.leases.delete(connection)
    user.seen = Math.max(user.seen, aliveAt)
    if (grace > 0) user.graces.set(connection, now + grace)
    // A node past its deadline may come back: only the sweep ends what it holds.
    const isThere = user.leases.size > 0 || [...user.graces.values()].some((until) => until > now)
    return isThere ? undefined : this.#leaves(userId, user.seen)
  }

  /** @returns who went offline */
  sweep(now: number): Change[] {
    const memory = this.#memory ?? { born: now, sweptAt: now, from: 0 }
    if (now - memory.sweptAt > lengths.pause) memory.from = now + lengths.lease
    this.#memory = { ...memory, sweptAt: now }
    if (now < memory.from) return []
    const dead = [...this.nodes].filter(([, until]) => until <= now)
    const gone: Change[] = []
    for (const [userId, user] of this.online) {
      const isOver = this.deadline(user) <= now
      for (const [connection, node] of user.leases) {
        if (this.#until(node) > now) continue
        user.leases.delete(connection)
        user.seen = Math.max(user.seen, this.#until(node) - lengths.lease)
      }
      if (isOver) gone.push(this.#leaves(userId, user.seen))
    }
    for (const [node] of dead) this.nodes.delete(node)
    return gone
  }

  /** Whether who has not come back after a wipe is not going to: asked after a sweep. */
  isMemoryWhole(now: number): boolean {
    const memory = this.#memory
    return memory !== undefined && now >= memory.from && now >= memory.born + lengths.lease
  }

  /** MongoDB takes all states. */
  flush(): void {
    for (const [userId, { lastSeen, isOnline }] of this.unwritten) {
      const seen = Math.max(lastSeen, this.written.get(userId)?.lastSeen ?? 0)
      this.written.set(userId, { lastSeen: seen, isOnline })
    }
    this.unwritten.clear()
  }

  /** @returns who was there longer than was told */
  learn(): Change[] {
    return [...this.sighted].flatMap(([userId, lastSeen]) => {
      if (!this.online.has(userId) && this.unwritten.has(userId)) return []
      const before = this.written.get(userId)
      if (before?.isOnline && !this.online.has(userId)) {
        before.lastSeen = Math.max(before.lastSeen, lastSeen)
        return []
      }
      this.sighted.delete(userId)
      if (!before || this.online.has(userId) || lastSeen - before.lastSeen <= lengths.worthTelling) return []
      return [this.#changed({ userId, isOnline: false, lastSeen })]
    })
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
      if (!isOnline || this.online.has(userId) || this.unwritten.has(userId)) return []
      const seen = Math.max(lastSeen, this.sighted.get(userId) ?? 0)
      return this.#changed({ userId, isOnline: false, lastSeen: seen })
    })
  }

  wipe(): void {
    this.online.clear()
    this.nodes.clear()
    this.unwritten.clear()
    this.sighted.clear()
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

  /** When a user goes offline whom nobody renews. */
  deadline({ leases, graces }: ModelUser): number {
    return Math.max(0, ...[...leases.values()].map((node) => this.#until(node)), ...graces.values())
  }

  #until(node: string): number {
    return this.nodes.get(node) ?? 0
  }
}
