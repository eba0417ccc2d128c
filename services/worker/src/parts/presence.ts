import { BlockStore } from '@earshot/core/conversations/block-store'
import { HeadCounter } from '@earshot/core/presence/head-counter'
import { Headcounts } from '@earshot/core/presence/headcounts'
import { LastSeenCheckpoint } from '@earshot/core/presence/last-seen-checkpoint'
import { LastSeenFlusher } from '@earshot/core/presence/last-seen-flusher'
import { LastSeenStore } from '@earshot/core/presence/last-seen-store'
import { LeaseSweeper } from '@earshot/core/presence/lease-sweeper'
import { PresenceOutbox } from '@earshot/core/presence/outbox'
import { PresenceReconciler } from '@earshot/core/presence/reconciler'
import { ShardUpkeep } from '@earshot/core/presence/shard-upkeep'
import { createPresenceTelling, createVisibility } from '@earshot/realtime'
import type { Basis } from './basis.ts'

/** Leases that ran out, `lastSeen` in MongoDB, and what nobody was told. */
export function createPresence(basis: Basis) {
  const { config, connected, stores, prefix, realtime, fanout, limits, metrics, log, repeat } = basis
  const { redis, db } = connected
  const { users, memberships, messages, leases } = stores

  const lastSeen = new LastSeenStore(db, users)
  const upkeep = new ShardUpkeep(redis, leases.keys, {
    leaseMs: config.PRESENCE_LEASE_MS,
    // Nodes that reach Redis again after this still have as long to renew before their leases end.
    pauseMs: Math.max(
      (config.PRESENCE_LEASE_MS - config.PRESENCE_RENEW_MS) / 2,
      3 * config.PRESENCE_SWEEP_MS,
    ),
    tellWithinMs: config.PRESENCE_COALESCE_MS + 6_000,
  })
  const whoSeesWhom = createVisibility({ realtime, db, blocks: new BlockStore(db), messages })
  const { visibility } = whoSeesWhom
  const telling = createPresenceTelling({
    realtime,
    fanout,
    redis,
    leases,
    whoSeesWhom,
    config,
    // Who is swept has been waited for.
    holdMs: 0,
    onDone: (changes) => outbox.told(changes),
    log,
    metrics,
  })
  const headCounter = new HeadCounter({
    headcounts: new Headcounts({
      redis,
      prefix,
      shards: leases.keys,
      memberships,
      visibility,
      largeFrom: limits.presenceNamesMaxMembers + 1,
      everyMs: config.PRESENCE_GROUP_COUNT_MS,
    }),
    fanout,
    everyMs: config.PRESENCE_GROUP_COUNT_MS,
  })
  const outbox = new PresenceOutbox({
    store: leases,
    publisher: redis,
    tell: (state, isAgain) => telling.teller.changed(state, isAgain),
  })
  const reconciler = new PresenceReconciler({
    upkeep,
    leases,
    lastSeen,
    onGone: (state) => outbox.announce(state),
    metrics,
  })
  const sweeper = new LeaseSweeper({
    redis,
    upkeep,
    onGone: (state) => outbox.announce(state),
    onUntold: (changes) => outbox.announceAgain(changes, lastSeen),
    onMemory: (shard, memory) => reconciler.consider(shard, memory),
    metrics,
  })
  const flusher = new LastSeenFlusher({
    upkeep,
    leases,
    lastSeen,
    onLater: (state) => outbox.announce(state),
    metrics,
  })
  const checkpoint = new LastSeenCheckpoint({
    upkeep,
    lastSeen,
    intervalMs: config.PRESENCE_CHECKPOINT_MS,
    metrics,
  })

  return {
    intervals: [
      repeat('lease sweep', config.PRESENCE_SWEEP_MS, () => sweeper.run()),
      repeat('lastSeen flush', config.PRESENCE_FLUSH_MS, () => flusher.run()),
      repeat('presence outbox', 1_000, () => outbox.run()),
      repeat('presence reconciliation', 1_000, () => reconciler.run()),
      repeat('visibility', config.PRESENCE_VISIBILITY_POLL_MS, () => telling.follower.run()),
      repeat('headcounts', config.PRESENCE_GROUP_COUNT_MS, () => headCounter.run()),
      ...(config.PRESENCE_CHECKPOINT_MS > 0
        ? [
            repeat(
              'lastSeen checkpoint',
              () => checkpoint.restMs(),
              () => checkpoint.run(),
            ),
          ]
        : []),
    ],
    async start(): Promise<void> {
      realtime.hearing.start({ lost: () => undefined, back: () => visibility.forgetAll() })
      await telling.listen()
    },
    flush: () => flusher.run(),
    close: () => telling.close(),
  }
}
