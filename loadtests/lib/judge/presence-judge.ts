/** What somebody was told of a user's presence: by an event, a subscription's answer, or a poll. */
export interface Told {
  userId: string
  isOnline: boolean
  /** ISO 8601; null for one who never connected. */
  lastSeen: string | null
  /** Only events and subscriptions carry it. */
  version?: number
}

interface Truth {
  isOnline: boolean
  /** When that came about, milliseconds since 1970. */
  since: number
  /** From then on everybody must be told so. */
  dueAt: number
  /** How long after `since` that is, milliseconds. */
  dueInMs: number
  wasTold: boolean
  /** When the connection was lost that is being taken up again, and who was told meanwhile that the user is gone. */
  away?: { since: number; toldGone: string[] }
  /** Was away for a moment only: nobody is to be told that the user is gone, late or not. */
  wasAwayShortly: boolean
}

export interface PresenceSink {
  check(): void
  /** Milliseconds from a change to the first event that tells of it. @param dueInMs that it may take */
  lag(ms: number, dueInMs: number): void
  /** One who was away for a moment only was shown as gone by an event. */
  flicker(detail: string): void
  /** An event of a state before the one that is known: allowed, clients pass over it by its version. */
  overtaken(): void
  /** It was said later than allowed, or not yet: slowness may be why. */
  late(detail: string): void
  /** It is not so, however slow who said it. */
  fault(detail: string): void
}

export interface PresenceTolerance {
  /** Most milliseconds between somebody's leaving and the `lastSeen` that is told of it; a heartbeat and clock skew. */
  lastSeenMs: number
  /** Most milliseconds between now and the `lastSeen` that is told of somebody online; a heartbeat and a renewal. */
  onlineStaleMs: number
  /** Most milliseconds that an answer without a version may be old when it is given: nodes keep them for a while. */
  cacheMs: number
  /** Most milliseconds without a connection that nobody must notice; less than the cluster's grace. */
  flickerMs: number
}

/** A `lastSeen` that is off by so many times of what is tolerated was not merely taken too late. */
const untrueTimes = 10

/** What one source told one watcher last; a source never goes back. */
interface Known {
  version: number
  lastSeen: number
  isOnline: boolean
  /** When it was told, or asked for. */
  at: number
}

/** Compares what is told of presence with what is so. Pure, like the judge of messages. */
export class PresenceJudge {
  readonly #sink: PresenceSink
  readonly #tolerance: PresenceTolerance
  readonly #truth = new Map<string, Truth>()
  readonly #known = new Map<string, Known>()
  /** By watcher: those whose changes they must be told of. */
  readonly #watched = new Map<string, Set<string>>()

  constructor(sink: PresenceSink, tolerance: PresenceTolerance) {
    this.#sink = sink
    this.#tolerance = tolerance
  }

  /** A user came or left at a moment; from `dueInMs` later on everybody must be told so. */
  becomes(userId: string, isOnline: boolean, since: number, dueInMs: number): void {
    const before = this.#truth.get(userId)
    const isSame = before?.isOnline === isOnline
    const wasTold = isSame && before.wasTold
    const away = isSame ? before.away : undefined
    const wasAwayShortly = away !== undefined && since - away.since <= this.#tolerance.flickerMs
    this.#truth.set(userId, { isOnline, since, dueAt: since + dueInMs, dueInMs, wasTold, wasAwayShortly })
    for (const watcher of (wasAwayShortly && away?.toldGone) || []) this.#flicker(watcher, userId)
  }

  /** A connection was lost at a moment and is being taken up again: until the user `becomes` online, either may be told. */
  away(userId: string, since: number): void {
    const truth = this.#truth.get(userId)
    if (!truth?.isOnline) return
    truth.dueAt = Number.POSITIVE_INFINITY
    truth.away ??= { since, toldGone: [] }
  }

  users(): string[] {
    return [...this.#truth.keys()]
  }

  /** A watcher is to be told of every change of these users from now on. */
  watches(watcher: string, userIds: readonly string[]): void {
    const watched = this.#watched.get(watcher) ?? new Set()
    for (const userId of userIds) watched.add(userId)
    this.#watched.set(watcher, watched)
  }

  /** An event arrived. */
  event(watcher: string, status: Told, at: number): void {
    const known = this.#known.get(key(watcher, status.userId))
    const { version = 0 } = status
    // Two nodes tell of two changes, or an answer was faster: the order on the wire is not that of the changes.
    if (known && version < known.version) {
      this.#sink.overtaken()
      return
    }
    const truth = this.#truth.get(status.userId)
    if (truth?.isOnline === status.isOnline && !truth.wasTold) {
      truth.wasTold = true
      // Of one who is still coming it is not known yet since when they are here.
      if (Number.isFinite(truth.dueAt)) this.#sink.lag(Math.max(0, at - truth.since), truth.dueInMs)
    }
    if (truth?.isOnline && !status.isOnline) {
      if (truth.away) truth.away.toldGone.push(watcher)
      else if (truth.wasAwayShortly && at < truth.dueAt) this.#flicker(watcher, status.userId)
    }
    this.#check(watcher, status, at, true)
  }

  /** An answer to a question asked at a moment. */
  answered(watcher: string, status: Told, askedAt: number): void {
    const known = this.#known.get(key(watcher, status.userId))
    // An event overtook the answer: its version says that it is newer.
    if (known && status.version !== undefined && status.version < known.version) return
    this.#check(watcher, status, askedAt)
    const truth = this.#truth.get(status.userId)
    if (!truth?.isOnline || !status.isOnline || status.lastSeen === null) return
    const stale = askedAt - Date.parse(status.lastSeen)
    this.#measure(
      stale,
      this.#tolerance.onlineStaleMs,
      `${watcher} was told that ${status.userId}, who is online, was last seen ${stale} ms ago`,
    )
  }

  /**
   * An answer about all these users; one who is missing in it is a fault. Gives those of whom it does not say what is so:
   * they may be asked about again, and in the `last` answer that is a fault.
   */
  answeredAll(
    asker: string,
    userIds: readonly string[],
    answer: readonly Told[],
    askedAt: number,
    { last = true } = {},
  ): string[] {
    const told = new Map(answer.map((status) => [status.userId, status]))
    return userIds.filter((userId) => {
      const status = told.get(userId)
      if (!status) {
        this.#sink.fault(`${asker} was told nothing of ${userId}`)
        return false
      }
      this.answered(asker, status, askedAt)
      const truth = this.#truth.get(userId)
      if (!truth || truth.isOnline === status.isOnline) return false
      if (last) this.#sink.fault(`${asker} is told to the end that ${userId} is ${word(status.isOnline)}`)
      return true
    })
  }

  /** Whether every watcher's last word agrees with the truth. */
  everybodyKnows(): boolean {
    return this.#mistaken().length === 0
  }

  /** The time is over in which all should know: those who do not are late. */
  overdue(): void {
    for (const detail of this.#mistaken()) this.#sink.late(detail)
  }

  /** At the end, when no slowness explains it any more: each watcher's last word of each whom they watch is the truth. */
  conclude(): void {
    for (const detail of this.#mistaken()) this.#sink.fault(detail)
    for (const watched of this.#watched.values()) for (const _ of watched) this.#sink.check()
  }

  #flicker(watcher: string, userId: string): void {
    this.#sink.flicker(`${watcher} was told that ${userId} is gone, who was away for a moment`)
  }

  #mistaken(): string[] {
    const mistaken: string[] = []
    for (const [watcher, watched] of this.#watched) {
      // Who has left themselves is told nothing any more.
      if (this.#truth.get(watcher)?.isOnline === false) continue
      for (const userId of watched) {
        const truth = this.#truth.get(userId)
        const known = this.#known.get(key(watcher, userId))
        if (!truth || known?.isOnline === truth.isOnline) continue
        const believes = known ? word(known.isOnline) : 'unknown'
        mistaken.push(`${watcher} believes that ${userId} is ${believes}, who is ${word(truth.isOnline)}`)
      }
    }
    return mistaken
  }

  #check(watcher: string, status: Told, at: number, isEvent = false): void {
    const known = this.#known.get(key(watcher, status.userId))
    const lastSeen = status.lastSeen === null ? 0 : Date.parse(status.lastSeen)
    this.#known.set(key(watcher, status.userId), {
      version: Math.max(known?.version ?? 0, status.version ?? 0),
      lastSeen: Math.max(known?.lastSeen ?? 0, lastSeen),
      isOnline: status.isOnline,
      at: Math.max(known?.at ?? 0, at),
    })
    const truth = this.#truth.get(status.userId)
    if (!truth) return
    this.#sink.check()
    const whom = `${watcher} was told that ${status.userId}`
    const isSameVersion = status.version !== undefined && known?.version === status.version
    if (isSameVersion && known.version > 0 && known.isOnline !== status.isOnline) {
      this.#sink.fault(`${whom} is ${word(status.isOnline)} by version ${known.version}, as the opposite was`)
    }
    if (at >= truth.dueAt && status.isOnline !== truth.isOnline) {
      this.#sink.late(
        `${whom} is ${word(status.isOnline)}, ${Math.round(at - truth.since)} ms after the opposite became true`,
      )
    }
    // Versions say which of two states is newer, and while somebody is online signs of life come within one: an answer and
    // an event may overtake each other there, and clients pass over a version that they know.
    const isOvertaken = isSameVersion && status.isOnline && (isEvent || at < (known?.at ?? 0))
    const cacheMs = status.version === undefined ? this.#tolerance.cacheMs : 0
    if (known && lastSeen < known.lastSeen - cacheMs && !isOvertaken) {
      this.#sink.fault(`${whom} was last seen ${known.lastSeen - lastSeen} ms before what was told earlier`)
    }
    const off = Math.abs(lastSeen - truth.since)
    if (!status.isOnline && !truth.isOnline)
      this.#measure(
        off,
        this.#tolerance.lastSeenMs,
        `${whom} was last seen ${off} ms away from when they left`,
      )
  }

  #measure(ms: number, mostMs: number, detail: string): void {
    if (ms > mostMs * untrueTimes) this.#sink.fault(detail)
    else if (ms > mostMs) this.#sink.late(detail)
  }
}

function key(watcher: string, userId: string): string {
  return `${watcher}|${userId}`
}

function word(isOnline: boolean): string {
  return isOnline ? 'online' : 'offline'
}
