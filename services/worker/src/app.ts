import { UserStore } from '@earshot/core/accounts/user-store'
import { ChangeApplier } from '@earshot/core/changes/change-applier'
import { ChangeFinisher } from '@earshot/core/changes/change-finisher'
import { ChangeStore } from '@earshot/core/changes/change-store'
import { connectStores } from '@earshot/core/clients/connect'
import { type LoadedConfig, limitsOf } from '@earshot/core/config/load'
import { ConversationStore } from '@earshot/core/conversations/conversation-store'
import { MembershipStore } from '@earshot/core/conversations/membership-store'
import { Interval } from '@earshot/core/interval'
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
import { Health } from '@earshot/core/observability/health'
import type { Logger } from '@earshot/core/observability/logger'
import { createMetrics } from '@earshot/core/observability/metrics'
import { LastSeenFlusher } from '@earshot/core/presence/last-seen-flusher'
import { LastSeenStore } from '@earshot/core/presence/last-seen-store'
import { LeaseStore } from '@earshot/core/presence/lease-store'
import { LeaseSweeper } from '@earshot/core/presence/lease-sweeper'
import { toStatus } from '@earshot/core/presence/presence-reader'
import { VoiceStaging } from '@earshot/core/voice/staging'
import { StagingAudit } from '@earshot/core/voice/staging-audit'
import { VoiceQueue } from '@earshot/core/voice/voice-queue'
import { VoiceStorer } from '@earshot/core/voice/voice-storer'
import { createRealtime, SocketFanout } from '@earshot/realtime'
import { startVoiceWorker } from './jobs/voice-worker.ts'
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
  const users = new UserStore(db)
  const memberships = new MembershipStore(db)
  const conversations = new ConversationStore(db)
  const lastSeen = new LastSeenStore(db, users)
  const queue = new VoiceQueue(
    producer,
    {
      prefix,
      attempts: config.VOICE_JOB_ATTEMPTS,
      backoffMs: config.VOICE_JOB_BACKOFF_MS,
    },
    log,
  )

  // Rooms: it emits, and listens to nobody
  const { io } = createRealtime({ publisher, subscriber, prefix, metrics, log })
  const fanout = new SocketFanout({
    io,
    memberships,
    broadcastPresence: config.PRESENCE_BROADCAST,
  })

  // Work
  const sweeper = new LeaseSweeper({
    redis,
    store: leases,
    leaseMs: config.PRESENCE_LEASE_MS,
    onChange: (state) => fanout.presence(toStatus(state)),
    metrics,
  })
  const flusher = new LastSeenFlusher({ leases, lastSeen, metrics })
  const blobs = new GridFsBlobStore(db)
  const mediaStore = new MediaStore(db, { orphanMs: config.MEDIA_ORPHAN_TTL_S * 1_000 })
  const releaser = new MediaReleaser({ store: mediaStore, blobs, staging })
  const changes = new ChangeFinisher({
    changes: new ChangeStore(db),
    applier: new ChangeApplier(db),
    messages,
    conversations,
    media: releaser,
  })
  const orphans = new OrphanCollector({
    store: mediaStore,
    messages,
    releaser,
    uploads: new UploadDiscarder({ store: new UploadStore(db), blobs, locks: new UploadLocks(db, log) }),
  })
  const audit = new StagingAudit({ staging, messages, queue })
  const oldDocuments = new AdoptionStore(db)
  const adopter = new LegacyAdopter({
    store: oldDocuments,
    groups: new OldGroups({ db, memberships, conversations, fanout }),
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
  const intervals = [
    new Interval({ name: 'lease sweep', everyMs: config.PRESENCE_SWEEP_MS, work: () => sweeper.run(), log }),
    new Interval({
      name: 'lastSeen flush',
      everyMs: config.PRESENCE_FLUSH_MS,
      work: () => flusher.run(),
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
  const voiceWorker = startVoiceWorker({
    connection: consumer,
    prefix,
    concurrency: config.VOICE_CONCURRENCY,
    lockMs: config.VOICE_LOCK_MS,
    storer: new VoiceStorer({ messages, staging, blobs }),
    fanout,
    log,
    metrics,
  })
  const health = new Health({ redis: () => redis.ping(), mongodb: () => db.command({ ping: 1 }) })
  const server = createOperationServer({ health, metrics })
  await server.listen({ port: config.PORT, host: config.HOST })
  for (const interval of intervals) interval.start()
  const address = server.server.address()
  const port = typeof address === 'object' && address ? address.port : config.PORT
  log.info({ port }, 'worker is up')

  return {
    port,
    async close() {
      health.drain()
      // Waits for the jobs under way; one that takes too long is taken over by another worker.
      await voiceWorker.close()
      adopter.stop()
      for (const interval of intervals) await interval.stop()
      await flusher.run()
      await server.close()
      // Not io.close(): that closes an HTTP server, and this one has none.
      await io.of('/').adapter.close()
      await queue.close()
      await stores.close()
      log.info('worker is down')
    },
  }
}
