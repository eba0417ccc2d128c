import { UserStore } from '@earshot/core/accounts/user-store'
import { ChangeApplier } from '@earshot/core/changes/change-applier'
import { ChangeFinisher } from '@earshot/core/changes/change-finisher'
import { ChangeStore } from '@earshot/core/changes/change-store'
import { connectStores } from '@earshot/core/clients/connect'
import { type LoadedConfig, limitsOf } from '@earshot/core/config/load'
import { BlockStore } from '@earshot/core/conversations/block-store'
import { ConversationHeads } from '@earshot/core/conversations/conversation-heads'
import { ConversationStore } from '@earshot/core/conversations/conversation-store'
import { GroupMembers } from '@earshot/core/conversations/group-members'
import { GroupSizes } from '@earshot/core/conversations/group-sizes'
import { GroupTurns } from '@earshot/core/conversations/group-turns'
import { MembershipChanges } from '@earshot/core/conversations/membership-changes'
import { MembershipRepair } from '@earshot/core/conversations/membership-repair'
import { MembershipStore } from '@earshot/core/conversations/membership-store'
import { PendingMemberships } from '@earshot/core/conversations/pending-memberships'
import { Interval } from '@earshot/core/interval'
import { DeadLetters } from '@earshot/core/jobs/dead-letters'
import { allQueueNames } from '@earshot/core/jobs/queue-names'
import { AdoptionBatch, openAtHead } from '@earshot/core/legacy/adoption-batch'
import { AdoptionNotes } from '@earshot/core/legacy/adoption-notes'
import { AdoptionStore } from '@earshot/core/legacy/adoption-store'
import { LegacyAdopter } from '@earshot/core/legacy/legacy-adopter'
import { OldGroups } from '@earshot/core/legacy/old-groups'
import { OldUsers } from '@earshot/core/legacy/old-users'
import { GridFsBlobStore } from '@earshot/core/media/gridfs-blob-store'
import { MediaReleaser } from '@earshot/core/media/media-releaser'
import { MediaStore } from '@earshot/core/media/media-store'
import { OrphanCollector } from '@earshot/core/media/orphan-collector'
import { UploadDiscarder } from '@earshot/core/media/upload-discarder'
import { UploadLocks } from '@earshot/core/media/upload-locks'
import { UploadStore } from '@earshot/core/media/upload-store'
import { MessageStore } from '@earshot/core/messages/message-store'
import { Sequencer } from '@earshot/core/messages/sequencer'
import { lookAtHeads, notificationQueues } from '@earshot/core/notifications/notification-queues'
import { Health } from '@earshot/core/observability/health'
import type { Logger } from '@earshot/core/observability/logger'
import { createMetrics } from '@earshot/core/observability/metrics'
import { HeadCounter } from '@earshot/core/presence/head-counter'
import { Headcounts } from '@earshot/core/presence/headcounts'
import { LastSeenCheckpoint } from '@earshot/core/presence/last-seen-checkpoint'
import { LastSeenFlusher } from '@earshot/core/presence/last-seen-flusher'
import { LastSeenStore } from '@earshot/core/presence/last-seen-store'
import { LeaseStore } from '@earshot/core/presence/lease-store'
import { LeaseSweeper } from '@earshot/core/presence/lease-sweeper'
import { PresenceOutbox } from '@earshot/core/presence/outbox'
import { PresenceReconciler } from '@earshot/core/presence/reconciler'
import { ShardUpkeep } from '@earshot/core/presence/shard-upkeep'
import { MarkStore } from '@earshot/core/receipts/mark-store'
import { Marks } from '@earshot/core/receipts/marks'
import { PositionStore } from '@earshot/core/voice/position-store'
import { VoiceStaging } from '@earshot/core/voice/staging'
import { StagingAudit } from '@earshot/core/voice/staging-audit'
import { voiceQueues } from '@earshot/core/voice/voice-queues'
import { createPresenceTelling, createRealtime, SocketFanout } from '@earshot/realtime'
import { addBoard } from './board.ts'
import { notificationWays, startNotificationWorkers } from './jobs/notification-workers.ts'
import { startVoiceWorkers } from './jobs/voice-workers.ts'
import { createOperationServer } from './operation-server.ts'

export interface WorkerProcess {
  /** The port of its health and metrics. */
  port: number
  /** Finishes what is under way, writes what waits, then ends. */
  close(): Promise<void>
}

/** Puts a worker together: clients → stores → what it repeats and what it takes from the queue, and starts it. */
export async function startWorker(config: LoadedConfig, log: Logger): Promise<WorkerProcess> {
  const limits = limitsOf(config)
  const metrics = createMetrics({ role: 'worker', node: config.NODE_ID })

  const stores = await connectStores(config, log)
  const { redis, publisher, subscriber, producer, db } = stores
  const consumer = await stores.addConsumer()

  // Stores
  const prefix = config.REDIS_PREFIX
  const messages = new MessageStore(db)
  const staging = new VoiceStaging(redis, {
    prefix,
    ttlSeconds: config.VOICE_STAGE_TTL_S,
    maxBytes: config.VOICE_STAGE_MAX_BYTES,
  })
  const leases = new LeaseStore(redis, {
    prefix,
    shards: config.PRESENCE_SHARDS,
    leaseMs: config.PRESENCE_LEASE_MS,
    maxConnectionsPerUser: limits.socketsPerUser,
  })
  const upkeep = new ShardUpkeep(redis, leases.keys, {
    leaseMs: config.PRESENCE_LEASE_MS,
    // Nodes that reach Redis again after this still have as long to renew before their leases end.
    pauseMs: Math.max(
      (config.PRESENCE_LEASE_MS - config.PRESENCE_RENEW_MS) / 2,
      3 * config.PRESENCE_SWEEP_MS,
    ),
    tellWithinMs: config.PRESENCE_COALESCE_MS + 6_000,
  })
  const users = new UserStore(db)
  const memberships = new MembershipStore(db)
  const groupSizes = new GroupSizes(db)
  const conversations = new ConversationStore(db)
  const lastSeen = new LastSeenStore(db, users)
  const writeBehind = {
    redis,
    options: { prefix, shards: config.WRITE_BEHIND_SHARDS, max: config.WRITE_BEHIND_MAX },
    log,
    metrics,
  }
  const notifyQueues = notificationQueues(
    producer,
    { prefix, attempts: config.NOTIFY_ATTEMPTS, backoffMs: config.NOTIFY_BACKOFF_MS },
    log,
  )
  const ways = notificationWays(config)
  const heads = new ConversationHeads({
    store: conversations,
    messages,
    writeBehind,
    onAdvanced: ways.push || ways.webhook ? lookAtHeads(notifyQueues.look) : undefined,
  })
  const marks = new Marks({ store: new MarkStore(db), writeBehind })
  const queues = voiceQueues(
    producer,
    {
      prefix,
      attempts: config.VOICE_JOB_ATTEMPTS,
      backoffMs: config.VOICE_JOB_BACKOFF_MS,
    },
    log,
  )

  // Rooms: it emits, and holds no socket
  const realtime = createRealtime({ publisher, subscriber, prefix, metrics, log })
  const { io, memberships: announcer } = realtime
  const fanout = new SocketFanout({ io, broadcastPresence: config.PRESENCE_BROADCAST })

  // Work
  const telling = createPresenceTelling({
    realtime,
    fanout,
    redis,
    db,
    leases,
    blocks: new BlockStore(db),
    messages,
    config,
    // Who is swept has been waited for.
    holdMs: 0,
    onDone: (changes) => outbox.told(changes),
    log,
    metrics,
  })
  realtime.hearing.start({ lost: () => undefined, back: () => telling.visibility.forgetAll() })
  const headCounter = new HeadCounter({
    headcounts: new Headcounts({
      redis,
      prefix,
      shards: leases.keys,
      memberships,
      visibility: telling.visibility,
      largeFrom: limits.presenceNamesMaxMembers + 1,
      everyMs: config.PRESENCE_GROUP_COUNT_MS,
    }),
    fanout,
    everyMs: config.PRESENCE_GROUP_COUNT_MS,
  })
  const outbox = new PresenceOutbox({
    store: leases,
    publisher,
    tell: (state, isAgain) => telling.teller.changed(state, isAgain),
  })
  const reconciler = new PresenceReconciler({
    upkeep,
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
    leases,
    lastSeen,
    intervalMs: config.PRESENCE_CHECKPOINT_MS,
    metrics,
  })
  const blobs = new GridFsBlobStore(db)
  const mediaStore = new MediaStore(db, { orphanMs: config.MEDIA_ORPHAN_TTL_S * 1_000 })
  const releaser = new MediaReleaser({
    store: mediaStore,
    blobs,
    staging,
    positions: new PositionStore(db),
  })
  const changes = new ChangeFinisher({
    changes: new ChangeStore(db),
    applier: new ChangeApplier(db),
    messages,
    conversations,
    media: releaser,
    fanout,
  })
  const orphans = new OrphanCollector({
    store: mediaStore,
    messages,
    releaser,
    uploads: new UploadDiscarder({ store: new UploadStore(db), blobs, locks: new UploadLocks(db, log) }),
  })
  const pending = new PendingMemberships(publisher, prefix)
  const membershipChanges = new MembershipChanges({ pending, announcer, memberships })
  const membershipRepair = new MembershipRepair({ pending, announcer, metrics })
  const audit = new StagingAudit({ staging, messages, queue: queues.store })
  const oldDocuments = new AdoptionStore(db)
  const adopter = new LegacyAdopter({
    store: oldDocuments,
    groups: new OldGroups({
      db,
      memberships,
      members: new GroupMembers({
        memberships,
        changes: membershipChanges,
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
      store: oldDocuments,
      messages,
      sequencer: new Sequencer({ redis, prefix, stream: 'seq', open: openAtHead(conversations, messages) }),
      conversations,
      notes: new AdoptionNotes(redis, prefix),
      fanout,
      metrics,
    }),
    users,
  })
  const deadLetters = new DeadLetters(producer, { prefix, queues: allQueueNames })
  const countDead = async () => {
    for (const [queue, count] of await deadLetters.counts()) metrics.deadJobs.set({ queue }, count)
  }
  const intervals = [
    new Interval({ name: 'dead jobs', everyMs: 15_000, work: countDead, log }),
    new Interval({ name: 'lease sweep', everyMs: config.PRESENCE_SWEEP_MS, work: () => sweeper.run(), log }),
    new Interval({
      name: 'lastSeen flush',
      everyMs: config.PRESENCE_FLUSH_MS,
      work: () => flusher.run(),
      log,
    }),
    new Interval({ name: 'presence outbox', everyMs: 1_000, work: () => outbox.run(), log }),
    new Interval({ name: 'presence reconciliation', everyMs: 1_000, work: () => reconciler.run(), log }),
    new Interval({
      name: 'memberships left',
      everyMs: 250,
      work: () => Promise.all([membershipChanges.tellLeft(), membershipRepair.run()]).then(() => undefined),
      log,
    }),
    new Interval({
      name: 'flush of conversation heads',
      everyMs: config.WRITE_BEHIND_FLUSH_MS,
      work: () => heads.flush(),
      log,
    }),
    new Interval({
      name: 'flush of receipts',
      everyMs: config.WRITE_BEHIND_FLUSH_MS,
      work: () => marks.flush(),
      log,
    }),
    new Interval({
      name: 'visibility',
      everyMs: config.PRESENCE_VISIBILITY_POLL_MS,
      work: () => telling.follower.run(),
      log,
    }),
    new Interval({
      name: 'headcounts',
      everyMs: config.PRESENCE_GROUP_COUNT_MS,
      work: () => headCounter.run(),
      log,
    }),
    new Interval({ name: 'changes left', everyMs: 10_000, work: () => changes.finishLeft(), log }),
    new Interval({ name: 'media orphans', everyMs: config.MEDIA_SWEEP_MS, work: () => orphans.run(), log }),
    new Interval({ name: 'staging audit', everyMs: 15_000, work: () => audit.run(), log }),
  ]
  const adoption = new Interval({
    name: 'legacy adoption',
    everyMs: () => adopter.restMs(),
    work: () => adopter.run(),
    log,
  })
  if (config.LEGACY_ADOPTION) intervals.push(adoption)
  const checkpoints = new Interval({
    name: 'lastSeen checkpoint',
    everyMs: () => checkpoint.restMs(),
    work: () => checkpoint.run(),
    log,
  })
  if (config.PRESENCE_CHECKPOINT_MS > 0) intervals.push(checkpoints)
  const voiceWorkers = await startVoiceWorkers({
    config,
    connection: consumer,
    messages,
    conversations,
    staging,
    blobs,
    queues,
    fanout,
    log,
    metrics,
  })
  const notificationWorkers = startNotificationWorkers({
    ...{ config, connection: consumer, redis, db, messages, memberships, sizes: groupSizes },
    ...{ users, leases, marks, queues: notifyQueues, log, metrics },
  })
  const health = new Health({ redis: () => redis.ping(), mongodb: () => db.command({ ping: 1 }) })
  const server = createOperationServer({ health, metrics })
  const { BOARD_PASSWORD: password } = config
  if (password) await addBoard(server, producer, { prefix, queues: allQueueNames, password })
  await server.listen({ port: config.PORT, host: config.HOST })
  await telling.listen()
  for (const interval of intervals) interval.start()
  const address = server.server.address()
  const port = typeof address === 'object' && address ? address.port : config.PORT
  log.info({ port }, 'worker is up')

  return {
    port,
    async close() {
      health.drain()
      // Waits for the jobs under way; one that takes too long is taken over by another worker.
      await Promise.all([voiceWorkers.close(), notificationWorkers.close()])
      adopter.stop()
      for (const interval of intervals) await interval.stop()
      // What MongoDB does not take now stays in Redis, for the next worker.
      for (const flush of [() => flusher.run(), () => heads.flush(), () => marks.flush()])
        await flush().catch((err: unknown) => log.warn({ err }, 'a flush before leaving'))
      await server.close()
      await telling.close()
      realtime.hearing.stop()
      // Not io.close(): that closes an HTTP server, and this one has none.
      await io.of('/').adapter.close()
      await queues.close()
      await notifyQueues.close()
      await deadLetters.close()
      await stores.close()
      log.info('worker is down')
    },
  }
}
