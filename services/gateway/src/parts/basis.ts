import { Tokens } from '@earshot/core/accounts/tokens'
import { UserSettings } from '@earshot/core/accounts/user-settings'
import { UserStore } from '@earshot/core/accounts/user-store'
import { ChangeStore } from '@earshot/core/changes/change-store'
import { connectStores } from '@earshot/core/clients/connect'
import { type LoadedConfig, limitsOf } from '@earshot/core/config/load'
import { ConversationAccess } from '@earshot/core/conversations/access'
import { BlockStore } from '@earshot/core/conversations/block-store'
import { ConversationHeads } from '@earshot/core/conversations/conversation-heads'
import { ConversationStore } from '@earshot/core/conversations/conversation-store'
import { GroupSizes } from '@earshot/core/conversations/group-sizes'
import { MembershipStore } from '@earshot/core/conversations/membership-store'
import { AdoptionGate } from '@earshot/core/legacy/adoption-gate'
import { AdoptionStore } from '@earshot/core/legacy/adoption-store'
import { openBlobStores } from '@earshot/core/media/blob-stores'
import { MediaStore } from '@earshot/core/media/media-store'
import { MessageStore } from '@earshot/core/messages/message-store'
import { RateLimiter } from '@earshot/core/messages/rate-limiter'
import { Health } from '@earshot/core/observability/health'
import type { Logger } from '@earshot/core/observability/logger'
import { createMetrics } from '@earshot/core/observability/metrics'
import { agreeOnShards } from '@earshot/core/presence/shard-agreement'
import { MarkStore } from '@earshot/core/receipts/mark-store'
import { Marks } from '@earshot/core/receipts/marks'
import { PlayStore } from '@earshot/core/receipts/play-store'
import { StatusView } from '@earshot/core/receipts/status-view'
import { PositionStore } from '@earshot/core/voice/position-store'
import { VoiceStaging } from '@earshot/core/voice/staging'
import { createRealtime, createVisibility, type Realtime, SocketFanout } from '@earshot/realtime'
import { OriginPolicy } from '../http/origins.ts'
import { GroupRooms } from '../realtime/group-rooms.ts'

export type Basis = Awaited<ReturnType<typeof createBasis>>

/** What all parts of a gateway share: settings, connections, stores, rooms, and who may do what. */
export async function createBasis(config: LoadedConfig, log: Logger) {
  const limits = limitsOf(config)
  const metrics = createMetrics({ role: 'gateway', node: config.NODE_ID })
  const connected = await connectStores(config, log)
  const { redis, db } = connected
  const prefix = config.REDIS_PREFIX
  await agreeOnShards(redis, prefix, config.PRESENCE_SHARDS)
  const blobStores = await openBlobStores(config, db, log)

  const users = new UserStore(db)
  const conversations = new ConversationStore(db)
  const messages = new MessageStore(db)
  const memberships = new MembershipStore(db, { hearsOfChanges: () => realtime.hearing.isCurrent })
  const blocks = new BlockStore(db)
  const writeBehind = {
    redis,
    options: { prefix, shards: config.WRITE_BEHIND_SHARDS, max: config.WRITE_BEHIND_MAX },
    log,
    metrics,
  }
  const stores = {
    users,
    conversations,
    messages,
    memberships,
    blocks,
    blobs: blobStores.blobs,
    changes: new ChangeStore(db),
    groupSizes: new GroupSizes(db),
    heads: new ConversationHeads({ store: conversations, messages, writeBehind }),
    marks: new Marks({ store: new MarkStore(db), plays: new PlayStore(db), writeBehind }),
    media: new MediaStore(db, { orphanMs: config.MEDIA_ORPHAN_TTL_S * 1_000 }),
    positions: new PositionStore(db),
    settings: new UserSettings(db),
    staging: new VoiceStaging(redis, {
      prefix,
      ttlSeconds: config.VOICE_STAGE_TTL_S,
      maxBytes: config.VOICE_STAGE_MAX_BYTES,
    }),
  }
  const { marks, groupSizes: sizes, settings } = stores
  const status = new StatusView({ marks, memberships, sizes, settings })

  const origins = new OriginPolicy(config.CORS_ORIGINS)
  const legacy = new AdoptionGate(new AdoptionStore(db))
  const health = new Health({
    redis: () => redis.ping(),
    mongodb: () => db.command({ ping: 1 }),
    subscription: async () => {
      if (realtime.hearing.isDeaf) throw new Error('what other nodes say is not heard')
    },
    ...(config.LEGACY_ADOPTION && { legacy: () => legacy.passed() }),
  })
  const realtime: Realtime = createRealtime({
    publisher: connected.redis,
    subscriber: connected.subscriber,
    prefix,
    metrics,
    log,
    options: {
      maxHttpBufferSize: limits.socketMaxBytes,
      pingInterval: config.PING_INTERVAL_MS,
      pingTimeout: config.PING_TIMEOUT_MS,
      // For balancers: polling needs one node for the whole session.
      cookie: { name: 'io', path: '/', httpOnly: true, sameSite: 'lax' },
      // A browser asks nobody whether a page may open a WebSocket: "allowRequest" decides.
      cors: ({ headers }, answer) => {
        answer(null, { origin: 'upgrade' in headers ? false : origins.forCors() })
      },
      serveClient: false,
      allowRequest: (request, decide) => {
        if (health.draining) decide('the node is leaving', false)
        else if (origins.allows(request)) decide(null, true)
        else decide('this origin may not connect', false)
      },
    },
  })

  const whoSeesWhom = createVisibility({ realtime, db, blocks, messages })

  return {
    config,
    limits,
    log,
    metrics,
    prefix,
    connected,
    stores,
    status,
    origins,
    health,
    realtime,
    whoSeesWhom,
    fanout: new SocketFanout({ realtime, broadcastPresence: config.PRESENCE_BROADCAST }),
    groupRooms: new GroupRooms({ io: realtime.io, subscriptions: realtime.subscriptions, memberships, log }),
    tokens: new Tokens({
      secret: config.JWT_SECRET,
      jwksUrl: config.JWKS_URL,
      algorithms: config.JWT_ALGORITHMS.split(',').map((name) => name.trim()),
      issuer: config.JWT_ISSUER,
      audience: config.JWT_AUDIENCE,
      userClaim: config.JWT_USER_CLAIM,
      nameClaim: config.JWT_NAME_CLAIM,
    }),
    access: new ConversationAccess({ memberships, users, visibility: whoSeesWhom.visibility }),
    rate: new RateLimiter(limits.sendsPerSecond, limits.sendsBurst),
    /** For what stores nothing and still costs others something: typing, `sync`, search. */
    askRate: new RateLimiter(limits.sendsPerSecond, limits.sendsBurst),
    /** The last thing that is done. */
    async close(): Promise<void> {
      blobStores.close()
      await connected.close()
    },
  }
}
