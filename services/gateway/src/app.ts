import { AccountService } from '@earshot/core/accounts/account-service'
import { DemoPeopleService } from '@earshot/core/accounts/demo-people'
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
import { GroupMembers } from '@earshot/core/conversations/group-members'
import { GroupService } from '@earshot/core/conversations/group-service'
import { GroupSizes } from '@earshot/core/conversations/group-sizes'
import { GroupTurns } from '@earshot/core/conversations/group-turns'
import { MembershipChanges } from '@earshot/core/conversations/membership-changes'
import { MembershipStore } from '@earshot/core/conversations/membership-store'
import { PendingMemberships } from '@earshot/core/conversations/pending-memberships'
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
import { PushHosts } from '@earshot/core/notifications/push-hosts'
import { PushSubscriptions } from '@earshot/core/notifications/push-subscriptions'
import { SubscriptionStore } from '@earshot/core/notifications/subscription-store'
import { Health } from '@earshot/core/observability/health'
import type { Logger } from '@earshot/core/observability/logger'
import { createMetrics } from '@earshot/core/observability/metrics'
import { Headcounts } from '@earshot/core/presence/headcounts'
import { LastSeenStore } from '@earshot/core/presence/last-seen-store'
import { LeaseHolder } from '@earshot/core/presence/lease-holder'
import { LeaseStore } from '@earshot/core/presence/lease-store'
import { PresenceOutbox } from '@earshot/core/presence/outbox'
import { PresenceReader } from '@earshot/core/presence/presence-reader'
import { MarkStore } from '@earshot/core/receipts/mark-store'
import { Marks } from '@earshot/core/receipts/marks'
import { ReceiptService } from '@earshot/core/receipts/receipt-service'
import { StatusView } from '@earshot/core/receipts/status-view'
import { BroadcastVisibility } from '@earshot/core/visibility/broadcast-visibility'
import { PeopleSearch } from '@earshot/core/visibility/people-search'
import { VisibilitySettings } from '@earshot/core/visibility/visibility-settings'
import { PositionStore } from '@earshot/core/voice/position-store'
import { VoiceStaging } from '@earshot/core/voice/staging'
import { VoicePositions } from '@earshot/core/voice/voice-positions'
import { voiceQueues } from '@earshot/core/voice/voice-queues'
import { VoiceSender } from '@earshot/core/voice/voice-sender'
import { createPresenceTelling, createRealtime, SocketFanout } from '@earshot/realtime'
import { drainSockets } from './drain.ts'
import { authenticate } from './http/authenticate.ts'
import { OriginPolicy } from './http/origins.ts'
import { accountRoutes } from './http/routes/account-routes.ts'
import { conversationRoutes } from './http/routes/conversation-routes.ts'
import { mediaRoutes } from './http/routes/media-routes.ts'
import { operationRoutes } from './http/routes/operation-routes.ts'
import { peopleRoutes } from './http/routes/people-routes.ts'
import { pushRoutes } from './http/routes/push-routes.ts'
import { resumableUploadRoutes } from './http/routes/resumable-upload-routes.ts'
import { uploadRoutes } from './http/routes/upload-routes.ts'
import { userRoutes } from './http/routes/user-routes.ts'
import { createHttpServer } from './http/server.ts'
import { webPage } from './http/web-page.ts'
import { Connections } from './realtime/connections.ts'
import { GroupRooms } from './realtime/group-rooms.ts'
import { changeHandlers, receiptHandlers, typingHandlers } from './realtime/handlers/change-handlers.ts'
import { messageHandlers } from './realtime/handlers/message-handlers.ts'
import { positionHandlers } from './realtime/handlers/position-handlers.ts'
import { presenceHandlers } from './realtime/handlers/presence-handlers.ts'
import { HeadcountWatch } from './realtime/headcount-watch.ts'
import { PresenceSockets } from './realtime/presence-sockets.ts'
import { PresenceWatch } from './realtime/presence-watch.ts'
import { surviveDeafness } from './realtime/resubscribed.ts'
import { EventRouter } from './realtime/router.ts'
import { SlowReaders } from './realtime/slow-readers.ts'
import { TokenWatch } from './realtime/token-watch.ts'
import { TypingIndicators } from './realtime/typing.ts'
import { TypingEnds } from './realtime/typing-ends.ts'

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
  const memberships = new MembershipStore(db, { hearsOfChanges: () => realtime.hearing.isCurrent })
  const groupSizes = new GroupSizes(db)
  const conversations = new ConversationStore(db)
  const messageStore = new MessageStore(db)
  const blobs = new GridFsBlobStore(db)
  const staging = new VoiceStaging(redis, {
    prefix,
    ttlSeconds: config.VOICE_STAGE_TTL_S,
    maxBytes: config.VOICE_STAGE_MAX_BYTES,
  })
  const queues = voiceQueues(
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
  const writeBehind = {
    redis,
    options: { prefix, shards: config.WRITE_BEHIND_SHARDS, max: config.WRITE_BEHIND_MAX },
    log,
    metrics,
  }
  const heads = new ConversationHeads({ store: conversations, messages: messageStore, writeBehind })
  const marks = new Marks({ store: new MarkStore(db), writeBehind })
  const lastSeenStore = new LastSeenStore(db, users)

  // Rooms
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
  const realtime = createRealtime({
    publisher,
    subscriber,
    prefix,
    metrics,
    log,
    options: {
      maxHttpBufferSize: limits.socketMaxBytes,
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
    broadcastPresence: config.PRESENCE_BROADCAST,
  })

  const groupRooms = new GroupRooms({
    io: realtime.io,
    subscriptions: realtime.subscriptions,
    memberships,
    log,
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
  const sequencer = new Sequencer({ redis, prefix, stream: 'seq', open: (ids) => heads.open(ids) })
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
    heads,
    options: { batchMax: config.COMMIT_BATCH_MAX, queueMax: config.COMMIT_QUEUE_MAX },
    log,
    metrics,
  })
  const rate = new RateLimiter(limits.sendsPerSecond, limits.sendsBurst)
  const mediaStore = new MediaStore(db, { orphanMs: config.MEDIA_ORPHAN_TTL_S * 1_000 })
  const library = new MediaLibrary({ store: mediaStore, access })
  const voice = new VoiceSender({ staging, queues, blobs, library, log })
  const messages = new MessageService({
    access,
    store: messageStore,
    committer,
    media: new MessageMedia({ library, voice, blobs, limits }),
    voice,
    fanout,
    rate,
    limits,
  })
  const positionStore = new PositionStore(db)
  const positions = new VoicePositions({ store: positionStore, messages: messageStore, access, fanout })
  const positionsFlush = new Interval({
    name: 'voice positions',
    everyMs: 500,
    work: () => positions.flush(),
    log,
  })
  const applier = new ChangeApplier(db)
  const history = new HistoryService({
    messages: messageStore,
    changes: changeStore,
    applier,
    access,
    status: new StatusView({ marks, memberships, sizes: groupSizes, settings }),
    positions,
    limits,
  })
  const membershipChanges = new MembershipChanges({
    pending: new PendingMemberships(publisher, prefix),
    announcer: realtime.memberships,
    memberships,
  })
  const announcements = new Interval({
    name: 'announcing memberships',
    everyMs: 250,
    work: () => membershipChanges.tellLeft(),
    log,
  })
  const groupMembers = new GroupMembers({
    memberships,
    changes: membershipChanges,
    turns: new GroupTurns(db, groupSizes),
    sizes: groupSizes,
    users,
    limits,
  })
  const groups = new GroupService({
    db,
    members: groupMembers,
    memberships,
    sizes: groupSizes,
    conversations,
    fanout,
  })
  const lister = new ConversationLister({ conversations, heads, memberships, groups, users, marks, settings })
  const telling = createPresenceTelling({
    realtime,
    fanout,
    redis,
    db,
    leases: leaseStore,
    blocks,
    messages: messageStore,
    config,
    holdMs: config.PRESENCE_COALESCE_MS,
    onDone: (changes) => outbox.told(changes),
    log,
    metrics,
  })
  const { visibility, teller } = telling
  const presence = new PresenceReader({
    redis,
    leases: leaseStore,
    lastSeen: lastSeenStore,
    users,
    visibility,
    settle: (states) => teller.settle(states),
    cacheMs: config.PRESENCE_LAST_SEEN_CACHE_MS,
    hearsOfChanges: () => realtime.notices.areHeard() && realtime.hearing.isCurrent,
  })
  realtime.notices.onChange((userIds) => presence.cache.forget(userIds))
  const visibilitySettings = new VisibilitySettings({
    redis,
    leases: leaseStore,
    store: telling.store,
    blocks,
    contacts: telling.contacts,
    visibility,
    announcer: realtime.visibility,
    broadcast: new BroadcastVisibility({
      visibility,
      shown: (userIds, version) => presence.shown(userIds, version),
      fanout,
      isOn: config.PRESENCE_BROADCAST,
    }),
    limits,
    log,
  })
  const people = new PeopleSearch({ users, visibility })
  const presenceSockets = new PresenceSockets(realtime.io)
  const presenceWatch = new PresenceWatch({
    sockets: presenceSockets,
    subscriptions: realtime.subscriptions,
    visibility,
    reader: presence,
    limits,
    broadcasts: config.PRESENCE_BROADCAST,
    log,
  })
  const headcounts = new Headcounts({
    redis,
    prefix,
    shards: leaseStore.keys,
    memberships,
    visibility,
    largeFrom: limits.presenceNamesMaxMembers + 1,
    everyMs: config.PRESENCE_GROUP_COUNT_MS,
  })
  const headcountWatch = new HeadcountWatch({
    headcounts,
    visibility,
    sockets: presenceSockets,
    subscriptions: realtime.subscriptions,
    everyMs: config.PRESENCE_GROUP_COUNT_MS,
  })
  const presenceIntervals = [
    new Interval({
      name: 'visibility',
      everyMs: config.PRESENCE_VISIBILITY_POLL_MS,
      work: () => telling.follower.run(),
      log,
    }),
    new Interval({
      name: 'headcounts',
      everyMs: config.PRESENCE_GROUP_COUNT_MS,
      work: () => headcountWatch.renew(),
      log,
    }),
  ]
  const outbox = new PresenceOutbox({
    store: leaseStore,
    publisher,
    tell: (state, isAgain) => teller.changed(state, isAgain),
  })
  const outboxRun = new Interval({
    name: 'presence outbox',
    everyMs: 1_000,
    work: () => outbox.run(),
    log,
  })
  const leases = new LeaseHolder({
    store: leaseStore,
    options: {
      leaseMs: config.PRESENCE_LEASE_MS,
      renewMs: config.PRESENCE_RENEW_MS,
      graceMs: config.PRESENCE_GRACE_MS,
    },
    onChange: (state) => outbox.announce(state),
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
  const receipts = new ReceiptService({
    marks,
    messages: messageStore,
    access,
    sizes: groupSizes,
    settings,
    sequencer,
    fanout,
  })
  const receiptsFlush = new Interval({ name: 'receipts', everyMs: 200, work: () => receipts.flush(), log })
  const changes = new ChangeService({
    messages: messageStore,
    changes: changeStore,
    finisher: new ChangeFinisher({
      changes: changeStore,
      applier,
      messages: messageStore,
      conversations,
      media: new MediaReleaser({ store: mediaStore, blobs, staging, positions: positionStore }),
      fanout,
    }),
    sequencer: changeSequencer,
    access,
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
  const pushSubscriptions = new PushSubscriptions({
    store: new SubscriptionStore(db),
    hosts: new PushHosts(config.PUSH_HOSTS),
    publicKey: config.VAPID_PUBLIC_KEY,
    maxPerUser: config.PUSH_MAX_PER_USER,
  })
  const accounts = new AccountService(db, users, tokens, config.TOKEN_TTL_S)
  const demo = new DemoPeopleService({
    users,
    tokens,
    tokenTtlSeconds: config.TOKEN_TTL_S,
    enabled: config.DEMO_PEOPLE,
  })
  await demo.introduce().catch((error: unknown) => log.warn({ err: error }, 'the demo people are not there'))

  // HTTP
  const app = await createHttpServer({ log, origins })
  const authenticated = { authenticate: authenticate(tokens, users) }
  await app.register(async (scope) => operationRoutes(scope, { health, metrics, limits }))
  await app.register(async (scope) => accountRoutes(scope, { accounts, demo, enabled: config.ACCOUNTS }))
  await app.register(async (scope) => userRoutes(scope, { people, presence, limits, ...authenticated }))
  await app.register(async (scope) =>
    conversationRoutes(scope, { lister, history, groups, changes, search, limits, ...authenticated }),
  )
  await app.register(async (scope) =>
    pushRoutes(scope, { subscriptions: pushSubscriptions, ...authenticated }),
  )
  await app.register(async (scope) =>
    peopleRoutes(scope, {
      users,
      blocks,
      settings,
      visibility: visibilitySettings,
      ...authenticated,
    }),
  )
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
  const connections = new Connections({
    realtime,
    tokens,
    users,
    groupRooms,
    presenceWatch,
    leases,
    metrics,
    log,
  })
  const router = new EventRouter({
    handlers: {
      ...messageHandlers({ messages, history, groupRooms, visibility: visibilitySettings, limits }),
      ...changeHandlers(changes),
      ...receiptHandlers(receipts),
      ...positionHandlers(positions),
      ...typingHandlers({ typing: new TypingIndicators(fanout, visibility), access, visibility }),
      ...presenceHandlers({
        watch: presenceWatch,
        headcountWatch,
        headcounts,
        settings: visibilitySettings,
        access,
        connections,
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
  redis.on('ready', () => {
    for (const notes of [heads, marks])
      notes.noteAgain().catch((err: unknown) => log.warn({ err }, 'noting again'))
  })
  surviveDeafness({ realtime, groupRooms, presenceWatch, log })
  await telling.listen((change) => presenceWatch.follow(change))
  new TypingEnds().listen(realtime.io)
  await realtime.memberships.listen((change) => groupRooms.follow(change))

  app.addHook('preClose', async () => {
    await realtime.io.close()
  })
  realtime.io.attach(app.server)
  await app.listen({ port: config.PORT, host: config.HOST })
  leases.start()
  tokenWatch.start()
  slowReaders.start()
  receiptsFlush.start()
  positionsFlush.start()
  announcements.start()
  outboxRun.start()
  for (const interval of presenceIntervals) interval.start()
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
      groupRooms.stop()
      realtime.hearing.stop()
      await announcements.stop()
      await positionsFlush.stop()
      await positions.flush()
      await receiptsFlush.stop()
      await outboxRun.stop()
      await receipts.flush()
      for (const interval of presenceIntervals) await interval.stop()
      await app.close()
      await telling.close()
      await queues.close()
      await stores.close()
      log.info('gateway is down')
    },
  }
}
