import { AccountService } from '@earshot/core/accounts/account-service'
import { Tokens } from '@earshot/core/accounts/tokens'
import { UserSettings } from '@earshot/core/accounts/user-settings'
import { UserStore } from '@earshot/core/accounts/user-store'
import { ChangeApplier } from '@earshot/core/changes/change-applier'
import { ChangeFinisher } from '@earshot/core/changes/change-finisher'
import { ChangeService } from '@earshot/core/changes/change-service'
import { ChangeStore } from '@earshot/core/changes/change-store'
import { connectStores } from '@earshot/core/clients/connect'
import { type LoadedConfig, limitsOf } from '@earshot/core/config/load'
import { ConversationAccess } from '@earshot/core/conversations/access'
import { BlockStore } from '@earshot/core/conversations/block-store'
import { ConversationHeads } from '@earshot/core/conversations/conversation-heads'
import { ConversationLister } from '@earshot/core/conversations/conversation-list'
import { ConversationStore } from '@earshot/core/conversations/conversation-store'
import { GroupService } from '@earshot/core/conversations/group-service'
import { MembershipStore } from '@earshot/core/conversations/membership-store'
import { Interval } from '@earshot/core/interval'
import { AdoptionGate } from '@earshot/core/legacy/adoption-gate'
import { AdoptionStore } from '@earshot/core/legacy/adoption-store'
import { InlineMedia } from '@earshot/core/legacy/inline-media'
import { GridFsBlobStore } from '@earshot/core/media/gridfs-blob-store'
import { MediaIntake } from '@earshot/core/media/media-intake'
import { MediaLibrary } from '@earshot/core/media/media-library'
import { MediaReleaser } from '@earshot/core/media/media-releaser'
import { MediaService } from '@earshot/core/media/media-service'
import { MediaSigner } from '@earshot/core/media/media-signer'
import { MediaStore } from '@earshot/core/media/media-store'
import { ResumableUploads } from '@earshot/core/media/resumable-uploads'
import { TypePolicy } from '@earshot/core/media/type-policy'
import { UploadDiscarder } from '@earshot/core/media/upload-discarder'
import { UploadLocks } from '@earshot/core/media/upload-locks'
import { UploadSlots } from '@earshot/core/media/upload-slots'
import { UploadStore } from '@earshot/core/media/upload-store'
import { Committer } from '@earshot/core/messages/committer'
import { HistoryService } from '@earshot/core/messages/history-service'
import { MessageMedia } from '@earshot/core/messages/message-media'
import { MessageService } from '@earshot/core/messages/message-service'
import { MessageStore } from '@earshot/core/messages/message-store'
import { RateLimiter } from '@earshot/core/messages/rate-limiter'
import { createTextIndex, SearchService } from '@earshot/core/messages/search-service'
import { Sequencer } from '@earshot/core/messages/sequencer'
import { Health } from '@earshot/core/observability/health'
import type { Logger } from '@earshot/core/observability/logger'
import { createMetrics } from '@earshot/core/observability/metrics'
import { LastSeenStore } from '@earshot/core/presence/last-seen-store'
import { LeaseHolder } from '@earshot/core/presence/lease-holder'
import { LeaseStore } from '@earshot/core/presence/lease-store'
import { PresenceReader, toStatus } from '@earshot/core/presence/presence-reader'
import { MarkStore } from '@earshot/core/receipts/mark-store'
import { ReceiptService } from '@earshot/core/receipts/receipt-service'
import { StatusView } from '@earshot/core/receipts/status-view'
import { VoiceStaging } from '@earshot/core/voice/staging'
import { VoiceQueue } from '@earshot/core/voice/voice-queue'
import { VoiceSender } from '@earshot/core/voice/voice-sender'
import { createRealtime, SocketFanout } from '@earshot/realtime'
import { drainSockets } from './drain.ts'
import { authenticate } from './http/authenticate.ts'
import { OriginPolicy } from './http/origins.ts'
import { accountRoutes } from './http/routes/account-routes.ts'
import { conversationRoutes } from './http/routes/conversation-routes.ts'
import { mediaRoutes } from './http/routes/media-routes.ts'
import { operationRoutes } from './http/routes/operation-routes.ts'
import { peopleRoutes } from './http/routes/people-routes.ts'
import { resumableUploadRoutes } from './http/routes/resumable-upload-routes.ts'
import { uploadRoutes } from './http/routes/upload-routes.ts'
import { userRoutes } from './http/routes/user-routes.ts'
import { createHttpServer } from './http/server.ts'
import { webPage } from './http/web-page.ts'
import { Connections } from './realtime/connections.ts'
import { changeHandlers, receiptHandlers, typingHandlers } from './realtime/handlers/change-handlers.ts'
import { messageHandlers } from './realtime/handlers/message-handlers.ts'
import { presenceHandlers } from './realtime/handlers/presence-handlers.ts'
import { afterResubscription } from './realtime/resubscribed.ts'
import { EventRouter } from './realtime/router.ts'
import { SlowReaders } from './realtime/slow-readers.ts'
import { TokenWatch } from './realtime/token-watch.ts'
import { TypingIndicators } from './realtime/typing.ts'

export interface Gateway {
  /** The port it listens on. */
  port: number
  /** Leaves quietly: no new sockets, what is in flight finishes, clients are told to move. */
  close(): Promise<void>
}

/** Puts a gateway together: clients → stores → services → handlers, and starts it. */
export async function startGateway(config: LoadedConfig, log: Logger): Promise<Gateway> {
  const limits = limitsOf(config)
  const metrics = createMetrics({ role: 'gateway', node: config.NODE_ID })

  const stores = await connectStores(config, log)
  const { redis, publisher, subscriber, producer, db } = stores

  // Stores
  const prefix = config.REDIS_PREFIX
  const users = new UserStore(db)
  const memberships = new MembershipStore(db)
  const conversations = new ConversationStore(db)
  const messageStore = new MessageStore(db)
  const blobs = new GridFsBlobStore(db)
  const staging = new VoiceStaging(redis, {
    prefix,
    ttlSeconds: config.VOICE_STAGE_TTL_S,
    maxBytes: config.VOICE_STAGE_MAX_BYTES,
  })
  const queue = new VoiceQueue(
    producer,
    {
      prefix,
      attempts: config.VOICE_JOB_ATTEMPTS,
      backoffMs: config.VOICE_JOB_BACKOFF_MS,
    },
    log,
  )
  const leaseStore = new LeaseStore(redis, {
    prefix,
    shards: config.PRESENCE_SHARDS,
    leaseMs: config.PRESENCE_LEASE_MS,
    maxConnectionsPerUser: limits.socketsPerUser,
  })
  const blocks = new BlockStore(db)
  const settings = new UserSettings(db)
  const marks = new MarkStore(db)
  const lastSeenStore = new LastSeenStore(db, users)

  // Rooms
  const origins = new OriginPolicy(config.CORS_ORIGINS)
  const legacy = new AdoptionGate(new AdoptionStore(db))
  const health = new Health({
    redis: () => redis.ping(),
    mongodb: () => db.command({ ping: 1 }),
    ...(config.LEGACY_ADOPTION && { legacy: () => legacy.passed() }),
  })
  const realtime = createRealtime({
    publisher,
    subscriber,
    prefix,
    metrics,
    log,
    options: {
      // Base64 of the largest voice message, and its envelope.
      maxHttpBufferSize: Math.ceil(limits.voiceMaxSocketBytes * 1.4) + 100_000,
      pingInterval: config.PING_INTERVAL_MS,
      pingTimeout: config.PING_TIMEOUT_MS,
      // For balancers: polling needs one node for the whole session.
      cookie: { name: 'io', path: '/', httpOnly: true, sameSite: 'lax' },
      cors: { origin: origins.forCors() },
      serveClient: false,
      allowRequest: (request, decide) => {
        if (health.draining) decide('the node is leaving', false)
        else if (origins.allows(request)) decide(null, true)
        else decide('this origin may not connect', false)
      },
    },
  })
  const fanout = new SocketFanout({
    io: realtime.io,
    memberships,
    broadcastPresence: config.PRESENCE_BROADCAST,
  })

  // Services
  const tokens = new Tokens({
    secret: config.JWT_SECRET,
    jwksUrl: config.JWKS_URL,
    algorithms: config.JWT_ALGORITHMS.split(',').map((name) => name.trim()),
    issuer: config.JWT_ISSUER,
    audience: config.JWT_AUDIENCE,
    userClaim: config.JWT_USER_CLAIM,
    nameClaim: config.JWT_NAME_CLAIM,
  })
  const access = new ConversationAccess({ memberships, users, blocks })
  const heads = new ConversationHeads(conversations)
  const headsFlush = new Interval({
    name: 'conversation heads',
    everyMs: 1_000,
    work: () => heads.flush(),
    log,
  })
  const sequencer = new Sequencer({ redis, prefix, stream: 'seq', open: (ids) => conversations.open(ids) })
  const changeStore = new ChangeStore(db)
  const changeSequencer = new Sequencer({
    redis,
    prefix,
    stream: 'cseq',
    open: async (ids) =>
      new Map(await Promise.all(ids.map(async (id) => [id, await changeStore.headSeq(id)] as const))),
  })
  const committer = new Committer({
    store: messageStore,
    sequencer,
    options: { batchMax: config.COMMIT_BATCH_MAX, queueMax: config.COMMIT_QUEUE_MAX },
    log,
    metrics,
  })
  const rate = new RateLimiter(limits.sendsPerSecond, limits.sendsBurst)
  const mediaStore = new MediaStore(db, { orphanMs: config.MEDIA_ORPHAN_TTL_S * 1_000 })
  const library = new MediaLibrary({ store: mediaStore, access })
  const voice = new VoiceSender({ staging, queue, blobs, library, log })
  const messages = new MessageService({
    access,
    store: messageStore,
    committer,
    heads,
    media: new MessageMedia({ library, voice, limits }),
    voice,
    fanout,
    rate,
    limits,
  })
  const history = new HistoryService({
    messages: messageStore,
    changes: changeStore,
    access,
    status: new StatusView({ marks, memberships, settings }),
    limits,
  })
  const groups = new GroupService({ db, memberships, conversations, users, fanout, limits })
  const lister = new ConversationLister({ conversations, memberships, groups, users, marks, settings })
  const presence = new PresenceReader({ leases: leaseStore, lastSeen: lastSeenStore, users })
  const leases = new LeaseHolder({
    store: leaseStore,
    options: { renewMs: config.PRESENCE_RENEW_MS, graceMs: config.PRESENCE_GRACE_MS },
    onChange: (state) => fanout.presence(toStatus(state)),
    log,
    metrics,
  })
  const search = new SearchService({
    db,
    messages: messageStore,
    conversations,
    memberships,
    hasTextIndex: await createTextIndex(db),
  })
  const receipts = new ReceiptService({ marks, messages: messageStore, access, settings, sequencer, fanout })
  const receiptsFlush = new Interval({ name: 'receipts', everyMs: 200, work: () => receipts.flush(), log })
  const changes = new ChangeService({
    messages: messageStore,
    changes: changeStore,
    finisher: new ChangeFinisher({
      changes: changeStore,
      applier: new ChangeApplier(db),
      messages: messageStore,
      conversations,
      media: new MediaReleaser({ store: mediaStore, blobs, staging }),
    }),
    sequencer: changeSequencer,
    access,
    fanout,
    rate,
    limits,
  })
  const media = new MediaService({
    library,
    messages: messageStore,
    access,
    staging,
    blobs,
    inline: new InlineMedia(db),
  })
  const signer = new MediaSigner({
    secret: config.MEDIA_SECRET ?? config.JWT_SECRET,
    ttlSeconds: config.MEDIA_URL_TTL_S,
  })
  const intake = new MediaIntake({
    store: mediaStore,
    blobs,
    types: new TypePolicy({ allow: config.MEDIA_ALLOW_TYPES, deny: config.MEDIA_DENY_TYPES }),
    maxBytes: limits.fileMaxBytes,
    log,
  })
  const uploadStore = new UploadStore(db)
  const uploadLocks = new UploadLocks(db, log)
  const uploads = new ResumableUploads({
    store: uploadStore,
    blobs,
    intake,
    discarder: new UploadDiscarder({ store: uploadStore, blobs, locks: uploadLocks }),
    locks: uploadLocks,
    ttlMs: config.MEDIA_ORPHAN_TTL_S * 1_000,
  })
  const slots = new UploadSlots({ max: config.MEDIA_UPLOADS_MAX, maxPerUser: config.MEDIA_UPLOADS_PER_USER })
  const accounts = new AccountService(db, users, tokens, config.TOKEN_TTL_S)

  // HTTP
  const app = await createHttpServer({ log, origins })
  const authenticated = { authenticate: authenticate(tokens, users) }
  await app.register(async (scope) => operationRoutes(scope, { health, metrics, limits }))
  await app.register(async (scope) => accountRoutes(scope, { accounts, enabled: config.ACCOUNTS }))
  await app.register(async (scope) => userRoutes(scope, { users, presence, limits, ...authenticated }))
  await app.register(async (scope) =>
    conversationRoutes(scope, { lister, history, groups, changes, search, limits, ...authenticated }),
  )
  await app.register(async (scope) => peopleRoutes(scope, { users, blocks, settings, ...authenticated }))
  await app.register(async (scope) => mediaRoutes(scope, { media, signer, ...authenticated }))
  const receiving = { slots, idleMs: config.MEDIA_IDLE_MS, ...authenticated }
  await app.register(async (scope) => uploadRoutes(scope, { intake, limits, ...receiving }))
  await app.register(async (scope) =>
    resumableUploadRoutes(scope, {
      uploads,
      locks: uploadLocks,
      maxBytes: limits.fileMaxBytes,
      ...receiving,
    }),
  )
  if (config.WEB_ROOT) await webPage(app, config.WEB_ROOT)

  // Sockets
  const connections = new Connections({ realtime, tokens, users, memberships, leases, metrics, log })
  const { subscriptions } = realtime
  const router = new EventRouter({
    handlers: {
      ...messageHandlers({ messages, history, access, subscriptions }),
      ...changeHandlers(changes),
      ...receiptHandlers(receipts),
      ...typingHandlers({ typing: new TypingIndicators(fanout), access }),
      ...presenceHandlers({
        reader: presence,
        connections,
        subscriptions,
        limits,
        nodeId: config.NODE_ID,
      }),
      authenticate: async ({ socket }, { token }) => {
        await connections.renew(socket, token)
        return {}
      },
    },
    log,
    metrics,
  })
  connections.listen(router)
  const slowReaders = new SlowReaders({
    io: realtime.io,
    limits: { maxBytes: config.SLOW_READER_MAX_BYTES, maxPackets: config.SLOW_READER_MAX_PACKETS },
    metrics,
    log,
  })
  const tokenWatch = new TokenWatch(realtime.io, config.TOKEN_GRACE_MS)
  redis.on('ready', () => void leases.renewAll())
  subscriber.on(
    'ready',
    () =>
      void afterResubscription({ realtime, memberships, log }).catch((err: unknown) =>
        log.error({ err }, 'resubscription'),
      ),
  )

  app.addHook('preClose', async () => {
    await realtime.io.close()
  })
  realtime.io.attach(app.server)
  await app.listen({ port: config.PORT, host: config.HOST })
  leases.start()
  tokenWatch.start()
  slowReaders.start()
  headsFlush.start()
  receiptsFlush.start()
  const address = app.server.address()
  const port = typeof address === 'object' && address ? address.port : config.PORT
  log.info({ port }, 'gateway is up')

  return {
    port,
    async close() {
      health.drain()
      await drainSockets(realtime.io, config.DRAIN_MS)
      await committer.drained()
      tokenWatch.stop()
      slowReaders.stop()
      leases.stop()
      await headsFlush.stop()
      await heads.flush()
      await receiptsFlush.stop()
      await receipts.flush()
      await app.close()
      await queue.close()
      await stores.close()
      log.info('gateway is down')
    },
  }
}
