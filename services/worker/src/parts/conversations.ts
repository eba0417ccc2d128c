import { ChangeApplier } from '@earshot/core/changes/change-applier'
import { ChangeFinisher } from '@earshot/core/changes/change-finisher'
import { ChangeStore } from '@earshot/core/changes/change-store'
import { ConversationHeads } from '@earshot/core/conversations/conversation-heads'
import { MembershipChanges } from '@earshot/core/conversations/membership-changes'
import { MembershipRepair } from '@earshot/core/conversations/membership-repair'
import { PendingMemberships } from '@earshot/core/conversations/pending-memberships'
import type { MessageDoc } from '@earshot/core/messages/message-doc'
import { MarkStore } from '@earshot/core/receipts/mark-store'
import { Marks } from '@earshot/core/receipts/marks'
import { PlayStore } from '@earshot/core/receipts/play-store'
import type { Basis } from './basis.ts'
import type { Media } from './media.ts'

/**
 * What is written behind of conversations, and what a dead node left half done in them.
 * @param onAdvanced hears of the last messages before Redis forgets them
 */
export function createConversations(
  basis: Basis,
  { releaser }: Media,
  onAdvanced: ((heads: MessageDoc[]) => Promise<void>) | undefined,
) {
  const { config, connected, stores, prefix, realtime, fanout, metrics, writeBehind, repeat } = basis
  const { redis, db } = connected
  const { messages, conversations, memberships } = stores

  const heads = new ConversationHeads({ store: conversations, messages, writeBehind, onAdvanced })
  const marks = new Marks({ store: new MarkStore(db), plays: new PlayStore(db), writeBehind })
  const changes = new ChangeFinisher({
    changes: new ChangeStore(db),
    applier: new ChangeApplier(db),
    messages,
    conversations,
    media: releaser,
    fanout,
  })
  const { memberships: announcer } = realtime
  const pending = new PendingMemberships(redis, prefix)
  const membershipChanges = new MembershipChanges({ pending, announcer, memberships })
  const membershipRepair = new MembershipRepair({ pending, announcer, metrics })

  // Each time the quiet ones, every other time those in which people are writing: of their many heads only the last is wanted.
  const quietMs = Math.min(1_000, config.WRITE_BEHIND_FLUSH_MS / 3)
  let flushes = 0
  // For a third of the time it writes, shard by shard, so that messages that are inserted meanwhile do not wait for all of it.
  const spreadMs = config.WRITE_BEHIND_FLUSH_MS / 3
  const pauseMs = config.WRITE_BEHIND_FLUSH_MS - spreadMs
  const flushHeads = (signal: AbortSignal) =>
    heads.flush({ quietMs: ++flushes % 2 === 0 ? 0 : quietMs, spreadMs, signal })

  return {
    marks,
    membershipChanges,
    intervals: [
      repeat('memberships left', 250, () =>
        Promise.all([membershipChanges.tellLeft(), membershipRepair.run()]),
      ),
      repeat('flush of conversation heads', pauseMs, flushHeads),
      repeat('flush of receipts', pauseMs, (signal) => marks.flush({ spreadMs, signal })),
      repeat('changes left', 10_000, () => changes.finishLeft()),
    ],
    flushes: [() => heads.flush(), () => marks.flush()],
  }
}
