import type { Logger } from '@earshot/core/observability/logger'
import type { Visibility } from '@earshot/core/visibility/visibility'
import type { Realtime } from '@earshot/realtime'
import type { GroupRooms } from './group-rooms.ts'
import type { PresenceWatch } from './presence-watch.ts'

/**
 * Pub/sub forgets: while this node's subscription is gone it misses messages, which clients find by `sync`, and changes
 * of membership and of visibility, which are read again. Until they are, nobody here hears a group.
 */
export function surviveDeafness(deps: {
  realtime: Realtime
  groupRooms: GroupRooms
  presenceWatch: PresenceWatch
  visibility: Visibility
  log: Logger
}): void {
  const { realtime, groupRooms, presenceWatch, visibility, log } = deps
  realtime.hearing.start({
    lost: () => {
      log.warn('the subscription is lost')
      groupRooms.close()
    },
    back: () => {
      log.info({ sockets: realtime.io.sockets.sockets.size }, 'subscribed again, clients are told to sync')
      groupRooms.open().catch((err: unknown) => log.error({ err }, 'groups could not be restored'))
      visibility.forgetAll()
      presenceWatch.followAll().catch((err: unknown) => log.error({ err }, 'presence could not be restored'))
    },
  })
}
