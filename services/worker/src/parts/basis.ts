import { UserStore } from '@earshot/core/accounts/user-store'
import { connectStores } from '@earshot/core/clients/connect'
import { type LoadedConfig, limitsOf } from '@earshot/core/config/load'
import { ConversationStore } from '@earshot/core/conversations/conversation-store'
import { GroupSizes } from '@earshot/core/conversations/group-sizes'
import { MembershipStore } from '@earshot/core/conversations/membership-store'
import { Interval } from '@earshot/core/interval'
import { openBlobStores } from '@earshot/core/media/blob-stores'
import { MessageStore } from '@earshot/core/messages/message-store'
import type { Logger } from '@earshot/core/observability/logger'
import { createMetrics } from '@earshot/core/observability/metrics'
import { LeaseStore } from '@earshot/core/presence/lease-store'
import { changesKeptMs } from '@earshot/core/presence/missed-changes'
import { agreeOnShards } from '@earshot/core/presence/shard-agreement'
import { VoiceStaging } from '@earshot/core/voice/staging'
import { createRealtime, SocketFanout } from '@earshot/realtime'

export type Basis = Awaited<ReturnType<typeof createBasis>>

/** What all parts of a worker share: settings, connections, stores, and rooms, in which it emits and holds no socket. */
export async function createBasis(config: LoadedConfig, log: Logger) {
  const limits = limitsOf(config)
  const metrics = createMetrics({ role: 'worker', node: config.NODE_ID })
  const connected = await connectStores(config, log)
  const { redis, subscriber, db } = connected
  const prefix = config.REDIS_PREFIX
  await agreeOnShards(redis, prefix, config.PRESENCE_SHARDS)
  const consumer = await connected.addConsumer()
  const blobStores = await openBlobStores(config, db, log)
  const realtime = createRealtime({ publisher: redis, subscriber, prefix, metrics, log })

  return {
    config,
    limits,
    log,
    metrics,
    prefix,
    connected,
    /** For taking jobs: it blocks. */
    consumer,
    realtime,
    fanout: new SocketFanout({ realtime, broadcastPresence: config.PRESENCE_BROADCAST }),
    stores: {
      users: new UserStore(db),
      conversations: new ConversationStore(db),
      memberships: new MembershipStore(db),
      groupSizes: new GroupSizes(db),
      messages: new MessageStore(db),
      blobs: blobStores.blobs,
      staging: new VoiceStaging(redis, {
        prefix,
        ttlSeconds: config.VOICE_STAGE_TTL_S,
        maxBytes: config.VOICE_STAGE_MAX_BYTES,
      }),
      leases: new LeaseStore(redis, {
        prefix,
        shards: config.PRESENCE_SHARDS,
        leaseMs: config.PRESENCE_LEASE_MS,
        maxConnectionsPerUser: limits.socketsPerUser,
        ...(config.PRESENCE_BROADCAST && { changesKeptMs }),
      }),
    },
    writeBehind: {
      redis,
      options: { prefix, shards: config.WRITE_BEHIND_SHARDS, max: config.WRITE_BEHIND_MAX },
      log,
      metrics,
    },
    /** @param everyMs pause between the end of one run and the start of the next, ms */
    repeat: (
      name: string,
      everyMs: number | (() => number),
      work: (signal: AbortSignal) => Promise<unknown>,
    ) => new Interval({ name, everyMs, work: async (signal) => void (await work(signal)), log }),
    /** The last thing that is done. */
    async close(): Promise<void> {
      realtime.hearing.stop()
      // Not io.close(): that closes an HTTP server, and this one has none.
      await realtime.io.of('/').adapter.close()
      blobStores.close()
      await connected.close()
    },
  }
}
