import { setTimeout as wait } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { defineScript, type ScriptCall } from '../clients/lua.ts'
import { callsFor } from '../clients/slots.ts'
import { inSlices } from '../in-slices.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { Outage } from '../observability/outage.ts'
import type { PresenceKeys } from './keys.ts'
import type { PresenceState } from './states.ts'

type How = 'first' | 'again' | 'settle'

interface Change {
  state: PresenceState
  how: How
  /** By the monotonic clock. */
  dueAt: number
}

interface Verdict {
  toBeTold: boolean
  /** What is true now. */
  state: PresenceState
  /** Up to this version nobody need be told any more, once what is to be told is. */
  saidVersion: number | undefined
}

/** Changes of which Redis did not say what is to be told. */
interface Failure {
  err: unknown
  changes: Change[]
}

const changesPerCall = 500
/** Leaves that wait are told in steps of this length, so that many at once are one step. */
const stepMs = 20
/** Who comes so soon after something was told is told with all who come until then: when many come, each would wake up everybody. */
const burstMs = 50
const retryMs = 250
/** So long a process that ends waits for those who left to come back. */
const lastMs = 1_000

/**
 * Tells clients of changes, but not of what is over at once: that somebody left waits for a moment, and who is back by
 * then, on any node, caused nothing. What clients believe is kept in Redis, so that all nodes decide alike.
 */
export class StatusTeller {
  readonly #redis: Redis
  readonly #keys: PresenceKeys
  readonly #holdMs: number
  readonly #hears: () => boolean
  readonly #publish: (states: PresenceState[]) => Promise<void>
  readonly #onDone: (changes: { userId: string; version: number }[]) => void
  readonly #metrics: Metrics
  readonly #telling: Outage
  readonly #script: ScriptCall
  /** Of each user the last change that this process knows of. */
  readonly #waiting = new Map<string, Change>()
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY
  /** By the monotonic clock. */
  #toldAt = Number.NEGATIVE_INFINITY
  #isClosing = false
  #running: Promise<unknown> = Promise.resolve()

  constructor(deps: {
    redis: Redis
    keys: PresenceKeys
    /** How long a leave waits; 0: no longer than who comes. */
    holdMs: number
    /** Whether this process knows who may see whom; while not, all waits. */
    hears: () => boolean
    publish: (states: PresenceState[]) => Promise<void>
    /** Called with the changes of which clients were told, or need not be. */
    onDone: (changes: { userId: string; version: number }[]) => void
    log: Logger
    metrics: Metrics
  }) {
    this.#redis = deps.redis
    this.#keys = deps.keys
    this.#holdMs = deps.holdMs
    this.#hears = deps.hears
    this.#publish = deps.publish
    this.#onDone = deps.onDone
    this.#metrics = deps.metrics
    this.#telling = new Outage(deps.log, 'telling of presence')
    this.#script = defineScript(deps.redis, 'presence_tell', new URL('./lua/tell.lua', import.meta.url))
  }

  /** @param isAgain clients may have been told of it, or not */
  changed(state: PresenceState, isAgain = false): void {
    const now = performance.now()
    const waits = !state.isOnline && !isAgain && this.#holdMs > 0
    const dueAt = waits
      ? Math.ceil((now + this.#holdMs) / stepMs) * stepMs
      : Math.max(now, this.#toldAt + burstMs)
    this.#wait({ state, how: isAgain ? 'again' : 'first', dueAt })
  }

  /** Tells at once of those who left and whose leaving still waits, here or elsewhere. Returns how they are now. */
  async settle(states: PresenceState[]): Promise<PresenceState[]> {
    const { verdicts, failures } = await this.#decide(
      states.map((state) => ({ state, how: 'settle', dueAt: 0 })),
    )
    if (failures[0]) throw failures[0].err
    return verdicts.map(({ state }) => state)
  }

  /** Tells what waits, when its time has come. What comes later is left to the worker, who finds it in Redis. */
  async close(): Promise<void> {
    this.#isClosing = true
    clearTimeout(this.#timer)
    // What happened just now is on its way.
    await wait(Math.min(this.#holdMs + stepMs, lastMs))
    await this.#running
    for (const [userId, change] of this.#waiting) this.#waiting.set(userId, { ...change, dueAt: 0 })
    await this.#run()
    this.#waiting.clear()
  }

  #wait(change: Change): void {
    const { userId } = change.state
    const before = this.#waiting.get(userId)
    // Whichever of the two goes on may be news, though Redis says that clients were told.
    const how = before?.how === 'again' ? 'again' : change.how
    if (before && before.state.version > change.state.version) {
      this.#waiting.set(userId, { ...before, how })
      return
    }
    // The window is that of the first change in it, but who came and is gone is one who left.
    const startsAnew = !before || (before.state.isOnline && !change.state.isOnline)
    const dueAt = startsAnew ? change.dueAt : Math.min(before.dueAt, change.dueAt)
    if (before) this.#metrics.presenceCoalesced.inc()
    this.#waiting.set(userId, { ...change, how, dueAt })
    this.#schedule(dueAt)
  }

  #schedule(at: number): void {
    if (at >= this.#timerAt || this.#isClosing) return
    clearTimeout(this.#timer)
    this.#timerAt = at
    this.#timer = setTimeout(
      () => {
        this.#timerAt = Number.POSITIVE_INFINITY
        this.#running = this.#running.then(() => this.#run())
      },
      Math.max(0, at - performance.now()),
    )
  }

  /** Tells what is due, and comes back for the rest. Never rejects. */
  async #run(): Promise<void> {
    const now = performance.now()
    const due = [...this.#waiting.values()].filter(({ dueAt }) => dueAt <= now)
    for (const { state } of due) this.#waiting.delete(state.userId)
    if (due.length > 0) {
      this.#toldAt = now
      await this.#tellOrRetry(due, now + retryMs)
    }
    let next = Number.POSITIVE_INFINITY
    for (const { dueAt } of this.#waiting.values()) next = Math.min(next, dueAt)
    this.#schedule(next)
  }

  async #tellOrRetry(due: Change[], retryAt: number): Promise<void> {
    if (!this.#hears() && !this.#isClosing) {
      this.#telling.failed(new Error('this process is cut off from the others'))
      for (const change of due) this.#wait({ ...change, dueAt: retryAt })
      return
    }
    const { failures } = await this.#decide(due).catch((err: unknown) => ({
      failures: [{ err, changes: due }],
    }))
    if (failures.length === 0) this.#telling.worked()
    for (const { err, changes } of failures) {
      this.#telling.failed(err)
      // The script may have run, and noted that clients are told, with its answer lost.
      for (const change of changes) this.#wait({ ...change, how: 'again', dueAt: retryAt })
    }
  }

  /** Tells of those that could be decided; where Redis takes a call for each slot, some may be. Rejects when telling does. */
  async #decide(changes: Change[]): Promise<{ verdicts: Verdict[]; failures: Failure[] }> {
    const calls = inSlices(changes, changesPerCall).flatMap((some) =>
      callsFor(this.#redis, [...Map.groupBy(some, ({ state }) => this.#keys.shardOf(state.userId))]),
    )
    const failures: Failure[] = []
    const answers = calls.map((shards) =>
      this.#ask(shards).catch((err: unknown) => {
        failures.push({ err, changes: shards.flatMap(([, some]) => some) })
        return []
      }),
    )
    const verdicts = (await Promise.all(answers)).flat()
    const toBeTold = verdicts.filter((verdict) => verdict.toBeTold)
    if (toBeTold.length > 0) await this.#publish(toBeTold.map(({ state }) => state))
    this.#onDone(
      verdicts.flatMap(({ state: { userId }, saidVersion: version }) =>
        version === undefined ? [] : [{ userId, version }],
      ),
    )
    return { verdicts, failures }
  }

  async #ask(shards: [shard: number, changes: Change[]][]): Promise<Verdict[]> {
    const keys = shards.flatMap(([shard]) => {
      const { deadlines, dirty, told, seen } = this.#keys.of(shard)
      return [deadlines, dirty, told, seen]
    })
    const args = shards.flatMap(([shard, changes]) => [
      this.#keys.of(shard).userPrefix,
      changes.length,
      ...changes.flatMap(({ state, how }) => [
        state.userId,
        state.isOnline ? 1 : 0,
        state.version,
        state.lastSeen,
        how,
      ]),
    ])
    const answer = await this.#script(keys, args)
    const changes = shards.flatMap(([, some]) => some)
    return (answer as number[][]).flatMap(([tell, online, version = 0, lastSeen = 0, said], i) => {
      const change = changes[i]
      if (!change) return []
      const { userId } = change.state
      const toBeTold = tell === 1
      if (!toBeTold && change.how === 'first') this.#metrics.presenceCoalesced.inc()
      const saidVersion = toBeTold || change.how !== 'settle' ? said : undefined
      return [{ toBeTold, saidVersion, state: { userId, isOnline: online === 1, version, lastSeen } }]
    })
  }
}
