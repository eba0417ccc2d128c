import { GroupMembers } from '@earshot/core/conversations/group-members'
import { GroupTurns } from '@earshot/core/conversations/group-turns'
import type { MembershipChanges } from '@earshot/core/conversations/membership-changes'
import { AdoptionBatch, openAtHead } from '@earshot/core/legacy/adoption-batch'
import { AdoptionNotes } from '@earshot/core/legacy/adoption-notes'
import { AdoptionStore } from '@earshot/core/legacy/adoption-store'
import { LegacyAdopter } from '@earshot/core/legacy/legacy-adopter'
import { OldGroups } from '@earshot/core/legacy/old-groups'
import { OldUsers } from '@earshot/core/legacy/old-users'
import { Sequencer } from '@earshot/core/messages/sequencer'
import type { Basis } from './basis.ts'

/** Documents that the existing system writes become Earshot's. */
export function createLegacy(basis: Basis, changes: MembershipChanges) {
  const { config, connected, stores, prefix, fanout, limits, metrics, repeat } = basis
  const { redis, db } = connected
  const { users, conversations, memberships, groupSizes, messages } = stores

  const store = new AdoptionStore(db)
  const adopter = new LegacyAdopter({
    store,
    groups: new OldGroups({
      db,
      memberships,
      members: new GroupMembers({
        memberships,
        changes,
        turns: new GroupTurns(db, groupSizes),
        sizes: groupSizes,
        users,
        limits,
      }),
      conversations,
      fanout,
    }),
    oldUsers: new OldUsers(db),
    batch: new AdoptionBatch({
      store,
      messages,
      sequencer: new Sequencer({ redis, prefix, stream: 'seq', open: openAtHead(conversations, messages) }),
      conversations,
      notes: new AdoptionNotes(redis, prefix),
      fanout,
      metrics,
    }),
    users,
  })
  const adoption = repeat(
    'legacy adoption',
    () => adopter.restMs(),
    () => adopter.run(),
  )

  return {
    intervals: config.LEGACY_ADOPTION ? [adoption] : [],
    stop: () => adopter.stop(),
  }
}
