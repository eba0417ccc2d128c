import assert from 'node:assert/strict'
import type { PresenceState } from '@earshot/core/presence/states'
import { type Change, LeaseModel } from './model.ts'
import type { World } from './world.ts'

export const userIds = ['ann', 'bob']

interface Connection {
  userId: string
  /** Last sign of life, in virtual time. */
  aliveAt: number
}

/** Two nodes with their sockets, and a client that hears of everybody, beside what the stores are to know. */
export class Scene {
  readonly model = new LeaseModel()
  /** What each node holds; a node that is killed forgets all. */
  readonly nodes: Map<string, Connection>[] = [new Map(), new Map()]
  readonly told = new Map<string, PresenceState>()
  readonly untold = new Set<string>()
  /** What nodes told and have not noted yet. */
  readonly toNote: { userId: string; version: number }[] = []
  /** Of whom clients were told something that nobody knows any more. */
  readonly forgotten = new Set<string>()
  #wasWiped = false
  #connections = 0
  /** How many each node was. */
  readonly #lives = this.nodes.map(() => 0)

  /** As whom a node holds leases. */
  name(node: number): string {
    return `@${node}.${this.#lives[node]}`
  }

  /** Another one comes in its place. */
  killed(node: number): void {
    this.nodes[node]?.clear()
    this.#lives[node] = (this.#lives[node] ?? 0) + 1
  }

  newConnection(): string {
    return `connection-${this.#connections++}`
  }

  /**
   * Redis loses all. What was under way in that very moment is lost to clients: who had come online and is not in
   * MongoDB yet, and what nobody had told.
   */
  wiped(): void {
    this.#wasWiped = true
    for (const userId of this.model.unwritten.keys()) this.forgotten.add(userId)
    for (const userId of this.untold) this.told.delete(userId)
    this.untold.clear()
    for (const [userId, { isOnline }] of this.model.unwritten) if (isOnline) this.told.delete(userId)
    this.model.wipe()
  }

  /** What a script answered is what the model says; and clients hear of it unless who asked died right then. */
  happened(state: PresenceState | undefined, change: Change | undefined, isTold = true): void {
    assert.equal(state?.userId, change?.userId, 'whose state changed')
    if (!state || !change) return
    assert.equal(state.isOnline, change.isOnline)
    assertSameTime(state.lastSeen, change.lastSeen)
    if (isTold) {
      this.untold.delete(state.userId)
      this.toNote.push(state)
      this.hear(state)
    } else {
      this.untold.add(state.userId)
    }
  }

  /** The same of many, in any order. */
  allHappened(states: PresenceState[], changes: Change[]): void {
    assert.equal(states.length, changes.length)
    for (const state of states) {
      this.happened(
        state,
        changes.find(({ userId }) => userId === state.userId),
      )
    }
  }

  hear(state: PresenceState): void {
    const before = this.told.get(state.userId)
    assert.notEqual(state.version, before?.version, 'a version is one state')
    if (before && state.version < before.version) return
    // What was not in MongoDB yet when Redis was wiped is lost.
    if (!this.#wasWiped) assert.ok(state.lastSeen >= (before?.lastSeen ?? 0), 'lastSeen never goes back')
    this.told.set(state.userId, state)
    this.forgotten.delete(state.userId)
  }

  /** Redis and MongoDB hold what the model says. */
  async compare(world: World): Promise<void> {
    const states = new Map((await world.read(userIds)).map((state) => [state.userId, state]))
    const dirty = await world.dirty()
    const sighted = await world.sighted()
    for (const userId of userIds) {
      const user = this.model.online.get(userId)
      const pending = this.model.unwritten.get(userId)
      const state = states.get(userId)
      assert.equal(state?.isOnline ?? false, user !== undefined, `${userId} online in Redis`)
      if (state && user) assertSameTime(state.lastSeen, user.seen)
      if (user) assertSameTime(await world.deadline(userId), this.model.deadline(user))

      const toWrite = dirty.get(userId)
      assert.equal(toWrite?.isOnline, pending?.isOnline, `${userId} to be written`)
      if (pending) assertSameTime(toWrite?.lastSeen, pending.lastSeen)
      const late = this.model.sighted.get(userId)
      assert.equal(sighted.has(userId), late !== undefined, `${userId} sighted`)
      if (late) assertSameTime(sighted.get(userId)?.lastSeen, late)

      const stored = world.written.get(userId)
      const written = this.model.written.get(userId)
      assert.equal(stored?.isOnline, written?.isOnline, `${userId} in MongoDB`)
      if (written) assertSameTime(stored?.lastSeen, written.lastSeen)
    }
  }
}

const anHour = 3_600_000

/** The model is asked a moment before the script runs; steps of time are hours. */
export function assertSameTime(actual: number | undefined, expected: number): void {
  const difference = Math.abs((actual ?? Number.NaN) - expected)
  assert.ok(difference < anHour / 20, `${actual} is not about ${expected}`)
}
