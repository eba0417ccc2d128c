import type { UserLastSeen, UserStatus } from '@earshot/protocol'
import type { Redis } from 'ioredis'
import type { UserStore } from '../accounts/user-store.ts'
import { redisNow } from '../clients/redis-now.ts'
import { Gatherer } from '../gatherer.ts'
import type { Visibility } from '../visibility/visibility.ts'
import type { LastSeenStore } from './last-seen-store.ts'
import type { LeaseStore } from './lease-store.ts'
import { type KnownState, StateCache, type UserState } from './state-cache.ts'
import type { PresenceState } from './states.ts'
import { hiddenStatus, toStatus } from './to-status.ts'

/** Longer than a leave may wait to be told. */
const justNowMs = 60_000
/** Who subscribes so soon after others is answered with all who do until then: in a storm of logins many ask for the same people. */
const gatherMs = 100
/** … of so many users together, or of one subscription. */
const gatheredUsers = 500

interface DatedState extends UserState {
  /** A moment before it was read, by Redis' clock: what changes later has a newer version. */
  asOf: number
}

type ToldState = Omit<DatedState, 'name'>

/** States that clients are to be told. */
interface Wanted {
  userIds: readonly string[]
  /** Whether of a user of whom Redis knows nothing the answer of a moment ago will do. */
  mayRemember: (userId: string) => boolean
}

/** What a poll is answered: who, and a tag that is the same while nothing changed. */
export interface PolledUser {
  tag: string
  /** Absent when the tag is the one that the client has. */
  user?: UserLastSeen
}

/**
 * What a user may know of others. Who is online is Redis' to say; when somebody was seen who is in Redis no more,
 * MongoDB's. Somebody whose status one may not see looks like somebody who never came.
 */
export class PresenceReader {
  /** Of the users whom HTTP asks for. */
  readonly #cache: StateCache<UserState>
  /** What MongoDB has of watched users of whom Redis knows nothing. One who comes is announced, and forgotten here. */
  readonly #storedCache: StateCache<DatedState>
  readonly #leases: LeaseStore
  readonly #lastSeen: LastSeenStore
  readonly #users: UserStore
  readonly #visibility: Visibility
  readonly #redis: Redis
  /** A moment that is over, by Redis' clock: the latest that this process learnt. */
  #clock = 0
  readonly #settle: (states: PresenceState[]) => Promise<PresenceState[]>
  /** All of one answer is of one moment: another one would tell who hides from who does not exist. */
  readonly #told: Gatherer<Wanted, Map<string, ToldState>>

  constructor(deps: {
    redis: Redis
    leases: LeaseStore
    lastSeen: LastSeenStore
    users: UserStore
    visibility: Visibility
    /** Tells at once of those who left and whose leaving nobody was told yet; returns how they are now. */
    settle: (states: PresenceState[]) => Promise<PresenceState[]>
    cacheMs: number
    hearsOfChanges: () => boolean
  }) {
    this.#redis = deps.redis
    this.#leases = deps.leases
    this.#lastSeen = deps.lastSeen
    this.#users = deps.users
    this.#visibility = deps.visibility
    this.#settle = deps.settle
    this.#told = new Gatherer((wanted) => this.#readTold(wanted), new Map(), {
      pauseMs: gatherMs,
      maxWeight: gatheredUsers,
      weightOf: ({ userIds }) => userIds.length,
    })
    const options = { freshMs: deps.cacheMs, hearsOfChanges: deps.hearsOfChanges }
    this.#cache = new StateCache({ read: (userIds) => this.#existing(userIds), ...options })
    this.#storedCache = new StateCache({
      read: (userIds) => this.#dated(userIds, this.#clock),
      // The version of who never came is that of the answer, as it is of who hides and of who does not exist: one that
      // is remembered would tell them apart.
      mayKeep: ({ lastSeen }) => lastSeen !== 0,
      ...options,
    })
  }

  /** They changed; to be called before clients are told. */
  forget(userIds: readonly string[]): void {
    this.#cache.forget(userIds)
    this.#storedCache.forget(userIds)
  }

  /** Changes may have been missed. */
  forgetAll(): void {
    this.#cache.forgetAll()
    this.#storedCache.forgetAll()
  }

  /** Whether a client that has this tag has nothing new to learn, where that is known here: of nearly all who poll. */
  isUnchanged(viewerId: string, userId: string, tag: string): boolean {
    const state = this.#cache.unchanged(userId)
    if (!state) return false
    const sees = this.#visibility.seesNow(viewerId, userId)
    return sees !== undefined && tag === tagOf(state, sees)
  }

  /** `undefined`: there is no such user. @param tag what the client has */
  async poll(viewerId: string, userId: string, tag: string | undefined): Promise<PolledUser | undefined> {
    const unchanged = tag === undefined ? undefined : this.#cache.unchanged(userId)
    if (unchanged && tag === tagOf(unchanged, await this.#visibility.sees(viewerId, userId))) return { tag }
    const [state] = await this.#cache.get([userId])
    if (!state) return undefined
    const sees = await this.#visibility.sees(viewerId, userId)
    const now = tagOf(state, sees)
    return tag === now ? { tag } : { tag: now, user: toLastSeen(state, sees) }
  }

  /** The users that exist, with name and state as this viewer may see it. */
  async lastSeen(viewerId: string, userIds: readonly string[]): Promise<UserLastSeen[]> {
    const states = await this.#cache.get([...new Set(userIds)])
    const seen = await this.#visibility.seenAmong(
      viewerId,
      states.map(({ userId }) => userId),
    )
    return states.map((state) => toLastSeen(state, seen.has(state.userId)))
  }

  /**
   * The state of each user, to be followed by events: what is told later has a newer version, and nothing that was told
   * before has. One who does not exist looks like one who never came. Who sees whom is as it is known here in the moment that
   * this resolves.
   */
  async statuses(viewerId: string, userIds: readonly string[]): Promise<UserStatus[]> {
    await this.#visibility.rulesOfEach([viewerId, ...userIds])
    const mayRemember = (userId: string) => this.#isAsAlways(viewerId, userId)
    const states = await this.#told.ask({ userIds, mayRemember })
    let seen: Set<string>
    let generation: number
    do {
      generation = this.#visibility.generation
      seen = await this.#visibility.seenAmong(viewerId, userIds)
    } while (generation !== this.#visibility.generation)
    return userIds.flatMap((userId) => {
      const state = states.get(userId)
      return state ? this.#status(viewerId, state, seen.has(userId)) : []
    })
  }

  /** The status of a user as of a change of who sees them, for those who see them since. */
  async shown(userIds: readonly string[], version: number): Promise<Map<string, UserStatus>> {
    const states = await this.#told.ask({ userIds, mayRemember: () => false })
    return new Map(
      userIds.flatMap((userId) => {
        const state = states.get(userId)
        if (!state) return []
        const status = toStatus({ ...state, version: Math.max(state.version, version) })
        return [[userId, state.lastSeen === 0 ? hiddenStatus(userId, version) : status]]
      }),
    )
  }

  /**
   * Where it ever changed who sees whom, and where there is nothing to see, the version tells the moment before it was
   * read, as a version of the state itself would: newer than all that was told before.
   */
  #status(viewerId: string, state: ToldState, sees: boolean): UserStatus {
    const { userId, lastSeen, version, asOf } = state
    if (!sees || lastSeen === 0) return hiddenStatus(userId, asOf - 1)
    const isAsAlways = this.#isAsAlways(viewerId, userId)
    return toStatus(isAsAlways ? state : { ...state, version: Math.max(version, asOf - 1) })
  }

  /** Whether it is known that it never changed who sees whom of the two. */
  #isAsAlways(viewerId: string, userId: string): boolean {
    return [viewerId, userId].every((id) => this.#visibility.rulesNow(id)?.version === 0)
  }

  async #existing(userIds: string[]): Promise<UserState[]> {
    const isNamed = (userId: string) => this.#users.knownName(userId) !== undefined
    const { live, stored } = await this.#read(userIds, isNamed, (missing) => this.#stored(missing))
    return userIds.flatMap((userId) => {
      const name = stored.get(userId)?.name ?? this.#users.knownName(userId)
      return name === undefined ? [] : [{ name, ...merge(userId, stored.get(userId), live.get(userId)) }]
    })
  }

  /** States that clients were told of, or are told of in this moment, the same for all who want them. */
  async #readTold(wanted: Wanted[]): Promise<Map<Wanted, Map<string, ToldState>>> {
    const distinct = [...new Set(wanted.flatMap(({ userIds }) => userIds))]
    const mayRemember = (userId: string) =>
      wanted.every((one) => one.mayRemember(userId) || !one.userIds.includes(userId))
    const clock = redisNow(this.#redis)
    const storedOf = async (missing: string[]) => {
      const asOf = await clock
      this.#clock = asOf
      const [remembered, anew] = split(missing, mayRemember)
      const [known, read] = await Promise.all([this.#storedCache.get(remembered), this.#dated(anew, asOf)])
      // Nor may one be given out that was begun for somebody else a moment before.
      const [old, enough] = split(known, (state) => state.lastSeen === 0 && state.asOf !== asOf)
      const again = await this.#dated(
        old.map(({ userId }) => userId),
        asOf,
      )
      return [...enough, ...read, ...again]
    }
    // The clock first: what changes later is newer.
    const [now, { live, stored }] = await Promise.all([clock, this.#read(distinct, () => true, storedOf)])
    const states = new Map<string, ToldState>()
    for (const id of distinct) {
      const asOf = Math.min(now, stored.get(id)?.asOf ?? now)
      states.set(id, { ...merge(id, stored.get(id), live.get(id)), asOf })
    }
    // A version is a time: of who left longer ago clients know.
    const left = [...states.values()].filter((state) => !state.isOnline && state.version > now - justNowMs)
    if (left.length > 0)
      for (const state of await this.#settle(left)) states.set(state.userId, { ...state, asOf: now })
    return new Map(wanted.map((one) => [one, states]))
  }

  /**
   * Redis first, then MongoDB for those of whom Redis knows nothing. Who came online in between may have been written
   * to MongoDB already: so whom MongoDB calls online is looked for in Redis again.
   */
  async #read<Stored extends UserState>(
    userIds: string[],
    isEnough: (userId: string) => boolean,
    storedOf: (userIds: string[]) => Promise<Stored[]>,
  ): Promise<{ live: Map<string, PresenceState>; stored: Map<string, Stored> }> {
    const live = new Map((await this.#leases.read(userIds)).map((state) => [state.userId, state]))
    const missing = userIds.filter((userId) => !live.has(userId) || !isEnough(userId))
    const stored = new Map((await storedOf(missing)).map((user) => [user.userId, user]))
    const cameSince = [...stored.values()].filter((user) => user.isOnline && !live.has(user.userId))
    if (cameSince.length > 0) {
      for (const state of await this.#leases.read(cameSince.map(({ userId }) => userId)))
        live.set(state.userId, state)
    }
    return { live, stored }
  }

  async #dated(userIds: string[], asOf: number): Promise<DatedState[]> {
    if (userIds.length === 0) return []
    const states = await this.#stored(userIds)
    return states.map((state) => ({ ...state, asOf }))
  }

  async #stored(userIds: string[]): Promise<UserState[]> {
    const found = await this.#lastSeen.find(userIds)
    return found.map((user) => ({ ...user, lastSeen: user.lastSeen ?? 0 }))
  }
}

function split<T>(all: T[], isFirst: (one: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))]
}

function merge(userId: string, stored: UserState | undefined, live: PresenceState | undefined): KnownState {
  return {
    userId,
    isOnline: live?.isOnline ?? false,
    lastSeen: Math.max(stored?.lastSeen ?? 0, live?.lastSeen ?? 0),
    // Where Redis has an answer the version is that answer's: a newer one belongs to a state not seen here.
    version: live?.version ?? stored?.version ?? 0,
  }
}

/**
 * While somebody is online their state is the same, though the last sign of life moves on. Made of what the answer says
 * and of nothing else: a version would tell when they came, though they may have hidden it then.
 */
function tagOf({ isOnline, lastSeen }: UserState, sees: boolean): string {
  if (!sees || lastSeen === 0) return '0'
  return isOnline ? 'online' : lastSeen.toString(36)
}

function toLastSeen({ userId, name, isOnline, lastSeen }: UserState, sees: boolean): UserLastSeen {
  if (!sees || lastSeen === 0) return { _id: userId, name, isOnline: false, lastSeen: null }
  return { _id: userId, name, isOnline, lastSeen: new Date(lastSeen).toISOString() }
}
