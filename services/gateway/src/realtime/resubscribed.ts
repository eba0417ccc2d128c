import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from '@earshot/core/observability/logger'
import { Outage } from '@earshot/core/observability/outage'
import type { MissedChanges } from '@earshot/core/presence/missed-changes'
import type { PresenceReader } from '@earshot/core/presence/presence-reader'
import type { Visibility } from '@earshot/core/visibility/visibility'
import type { Realtime } from '@earshot/realtime'
import type { GroupRooms } from './group-rooms.ts'
import type { HeadcountWatch } from './headcount-watch.ts'
import type { PresenceWatch } from './presence-watch.ts'

const retryMs = 1_000

interface ResubscribedDeps {
  realtime: Realtime
  groupRooms: GroupRooms
  presenceWatch: PresenceWatch
  presenceReader: Pick<PresenceReader, 'forgetAll'>
  headcountWatch: HeadcountWatch
  /** Where there are clients that hear of everybody. */
  missedChanges: MissedChanges | undefined
  visibility: Visibility
  log: Logger
}

/**
 * Pub/sub forgets: while this node's subscription is gone it misses messages, which clients find by `sync`, and changes
 * of presence, of membership and of visibility, which are read again. Until they are, nobody here hears a group.
 */
export class Resubscribed {
  readonly #deps: ResubscribedDeps
  readonly #restoring: Outage
  /** From when on clients here may not know what changed, by the monotonic clock. */
  #missedSince: number | undefined
  #isRestoring = false
  #isStopped = false

  constructor(deps: ResubscribedDeps) {
    this.#deps = deps
    this.#restoring = new Outage(deps.log, 'restoring what clients know of presence')
  }

  listen(): void {
    const { realtime, groupRooms, presenceReader, visibility, log } = this.#deps
    realtime.hearing.start({
      lost: () => {
        log.warn('the subscription is lost')
        groupRooms.close()
      },
      back: (deafSince) => {
        log.info({ sockets: realtime.io.sockets.sockets.size }, 'subscribed again, clients are told to sync')
        groupRooms.open().catch((err: unknown) => log.error({ err }, 'groups could not be restored'))
        visibility.forgetAll()
        presenceReader.forgetAll()
        this.#missedSince = Math.min(this.#missedSince ?? deafSince, deafSince)
        void this.#restore()
      },
    })
  }

  stop(): void {
    this.#isStopped = true
  }

  /** Tried until it is done: nobody would tell these clients of it later. */
  async #restore(): Promise<void> {
    if (this.#isRestoring) return
    this.#isRestoring = true
    while (this.#missedSince !== undefined && !this.#isStopped) {
      const since = this.#missedSince
      this.#missedSince = undefined
      try {
        await this.#deps.visibility.loadHolders()
        await this.#deps.presenceWatch.followAll()
        await this.#deps.missedChanges?.tell(since)
        await this.#deps.headcountWatch.tellAll()
        this.#restoring.worked()
      } catch (err) {
        this.#missedSince = Math.min(this.#missedSince ?? since, since)
        this.#restoring.failed(err)
        await wait(retryMs, undefined, { ref: false })
      }
    }
    this.#isRestoring = false
  }
}
