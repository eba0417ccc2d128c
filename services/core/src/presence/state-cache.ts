import { LRUCache } from 'lru-cache'

/** A user's state, whoever asks. */
export interface KnownState {
  userId: string
  isOnline: boolean
  /** Milliseconds since 1970; 0 for one who never connected. */
  lastSeen: number
  version: number
}

/** With the user's name. */
export interface UserState extends KnownState {
  name: string
}

interface Entry<S> {
  state: S
  /** When it was asked for, by the monotonic clock. */
  readAt: number
}

/** So long a state may count as unchanged when nobody says that it changed; an announcement may get lost. */
const unchangedMs = 60_000

/**
 * States that were read a moment ago, for the many who ask. One that changes is forgotten when the change is announced,
 * before clients hear of it; reads of the same user at the same time are one.
 */
export class StateCache<S extends KnownState> {
  readonly #read: (userIds: string[]) => Promise<S[]>
  readonly #freshMs: number
  readonly #hearsOfChanges: () => boolean
  readonly #mayKeep: (state: S) => boolean
  readonly #entries = new LRUCache<string, Entry<S>>({ max: 20_000 })
  readonly #underWay = new Map<string, Promise<S | undefined>>()

  /**
   * @param deps.read those of the users who exist
   * @param deps.freshMs how old a state may be that is given out
   * @param deps.hearsOfChanges whether `forget` is called for every change; while not, nothing is remembered
   * @param deps.mayKeep which states are remembered; all unless set
   */
  constructor(deps: {
    read: (userIds: string[]) => Promise<S[]>
    freshMs: number
    hearsOfChanges: () => boolean
    mayKeep?: (state: S) => boolean
  }) {
    this.#read = deps.read
    this.#freshMs = deps.freshMs
    this.#hearsOfChanges = deps.hearsOfChanges
    this.#mayKeep = deps.mayKeep ?? (() => true)
  }

  /** A state that has not changed since, though a sign of life may have come; `undefined`: that is not known. */
  unchanged(userId: string): S | undefined {
    const state = this.#youngerThan(userId, Math.max(unchangedMs, this.#freshMs))
    // Of who was never here, the existing system may write without a word.
    return state && state.version > 0 ? state : undefined
  }

  /** The users who exist. */
  async get(userIds: readonly string[]): Promise<S[]> {
    const missing = new Set<string>()
    const found = userIds.map((userId) => {
      const state = this.#youngerThan(userId, this.#freshMs)
      if (state) return state
      const underWay = this.#underWay.get(userId)
      if (!underWay) missing.add(userId)
      return underWay ?? userId
    })
    if (missing.size > 0) this.#start([...missing])
    const states = await Promise.all(
      found.map((state) => (typeof state === 'string' ? this.#underWay.get(state) : state)),
    )
    return states.filter((state) => state !== undefined)
  }

  /** They changed. */
  forget(userIds: Iterable<string>): void {
    for (const userId of userIds) {
      this.#entries.delete(userId)
      // What is being read may be from before.
      this.#underWay.delete(userId)
    }
  }

  forgetAll(): void {
    this.#entries.clear()
    this.#underWay.clear()
  }

  #youngerThan(userId: string, ms: number): S | undefined {
    const entry = this.#entries.get(userId)
    return entry && performance.now() - entry.readAt < ms && this.#hearsOfChanges() ? entry.state : undefined
  }

  #start(userIds: string[]): void {
    const readAt = performance.now()
    const all = this.#read(userIds).then((states) => new Map(states.map((state) => [state.userId, state])))
    for (const userId of userIds) {
      const one: Promise<S | undefined> = all
        .then((states) => {
          const state = states.get(userId)
          // Nobody is remembered as absent; and nothing that was read before a change.
          const isNow = this.#underWay.get(userId) === one
          if (state && isNow && this.#mayKeep(state)) this.#entries.set(userId, { state, readAt })
          return state
        })
        .finally(() => {
          if (this.#underWay.get(userId) === one) this.#underWay.delete(userId)
        })
      this.#underWay.set(userId, one)
    }
  }
}
