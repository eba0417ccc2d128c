import { ConversationLister } from '@earshot/core/conversations/conversation-list'
import { GroupMembers } from '@earshot/core/conversations/group-members'
import { GroupService } from '@earshot/core/conversations/group-service'
import { GroupTurns } from '@earshot/core/conversations/group-turns'
import { MembershipChanges } from '@earshot/core/conversations/membership-changes'
import { PendingMemberships } from '@earshot/core/conversations/pending-memberships'
import { Interval } from '@earshot/core/interval'
import type { Basis } from './basis.ts'

/** Groups and who is in them, and the list of one's conversations. */
export function createGroups({
  connected,
  stores,
  status,
  prefix,
  realtime,
  groupRooms,
  fanout,
  limits,
  log,
}: Basis) {
  const { conversations, memberships, groupSizes: sizes, users } = stores
  const changes = new MembershipChanges({
    pending: new PendingMemberships(connected.redis, prefix),
    announcer: realtime.memberships,
    memberships,
  })
  const turns = new GroupTurns(connected.db, sizes)
  const members = new GroupMembers({ memberships, changes, turns, sizes, users, limits })
  const groups = new GroupService({ db: connected.db, members, memberships, sizes, conversations, fanout })
  const announcements = new Interval({
    name: 'announcing memberships',
    everyMs: 250,
    work: () => changes.tellLeft(),
    log,
  })
  return {
    groups,
    lister: new ConversationLister({ ...stores, status, groups }),
    async start(): Promise<void> {
      await realtime.memberships.listen((change) => groupRooms.follow(change))
      announcements.start()
    },
    async stop(): Promise<void> {
      groupRooms.stop()
      await announcements.stop()
    },
  }
}
