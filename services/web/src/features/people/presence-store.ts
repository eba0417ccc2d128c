import { applyStatuses, type EarshotClient, forgetOnline, type PresenceState } from '@earshot/client'
import { Store } from '../../app/store.ts'

/** As many as the contract lets one ask about at once. */
const usersAtOnce = 500

interface Watched {
  userIds: readonly string[]
  events: boolean
}

export interface WatchOptions {
  /** Milliseconds between two questions while no events come. Without it nobody is asked about. */
  pollMs?: number
  /** False: not told of changes by events, only asked about. */
  events?: boolean
}

/**
 * Who is online, of the people on the screen: each component watches its own, the SDK asks the server for all. Where no
 * events come, all are asked about in one request; where that is not answered either, nobody is said to be online.
 */
export class PresenceStore {
  readonly statuses = new Store<PresenceState>({})
  readonly #client: EarshotClient
  /** By interval, so that however many watch, one question is asked. */
  readonly #polls = new Map<number, { timer: ReturnType<typeof setInterval>; watched: Set<Watched> }>()

  constructor(client: EarshotClient) {
    this.#client = client
    client.on('user_status_changed', (status) => {
      this.statuses.update((state) => applyStatuses(state, [status]))
    })
    client.on('disconnected', () => this.#forgetOnline())
  }

  /** Returns the function that ends it. */
  watch(userIds: readonly string[], { pollMs, events = true }: WatchOptions = {}): () => void {
    const stopEvents = events ? this.#client.watch(userIds) : () => undefined
    const stopPolls = pollMs === undefined ? () => undefined : this.#poll({ userIds, events }, pollMs)
    return () => {
      stopEvents()
      stopPolls()
    }
  }

  #poll(watched: Watched, pollMs: number): () => void {
    const known = this.#polls.get(pollMs)
    const poll = known ?? {
      timer: setInterval(() => void this.#ask(poll.watched, pollMs), pollMs),
      watched: new Set<Watched>(),
    }
    this.#polls.set(pollMs, poll)
    poll.watched.add(watched)
    // Nothing else will say how they are now.
    if (!watched.events) void this.#ask(new Set([watched]), pollMs)
    return () => {
      poll.watched.delete(watched)
      if (poll.watched.size > 0) return
      clearInterval(poll.timer)
      this.#polls.delete(pollMs)
    }
  }

  async #ask(watched: ReadonlySet<Watched>, patienceMs: number): Promise<void> {
    const isTold = ({ events }: Watched) => events && this.#client.connected
    const asked = [...watched].filter((each) => !isTold(each)).flatMap(({ userIds }) => userIds)
    const userIds = [...new Set(asked)]
    for (let from = 0; from < userIds.length; from += usersAtOnce) {
      await this.#askAbout(userIds.slice(from, from + usersAtOnce), patienceMs)
    }
  }

  async #askAbout(userIds: readonly string[], patienceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#forgetOnline(), patienceMs)
    const connected = this.#client.connected
    try {
      const users = await this.#client.http.lastSeenMany(userIds)
      if (!connected && this.#client.connected) return // events tell by now
      this.statuses.update((state) => {
        const told = users.map(({ _id: userId, isOnline, lastSeen }) => ({
          userId,
          isOnline,
          lastSeen,
          version: -1, // whatever event comes is newer
        }))
        return { ...state, ...Object.fromEntries(told.map((status) => [status.userId, status])) }
      })
    } catch (error) {
      this.#forgetOnline()
      console.debug('Earshot: who is online cannot be asked for right now.', error)
    } finally {
      clearTimeout(timer)
    }
  }

  #forgetOnline(): void {
    if (!this.#client.connected) this.statuses.update(forgetOnline)
  }
}
