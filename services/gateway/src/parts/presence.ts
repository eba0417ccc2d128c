import { Interval } from '@earshot/core/interval'
import { Headcounts } from '@earshot/core/presence/headcounts'
import { LastSeenStore } from '@earshot/core/presence/last-seen-store'
import { LeaseHolder } from '@earshot/core/presence/lease-holder'
import { LeaseStore } from '@earshot/core/presence/lease-store'
import { changesKeptMs, MissedChanges } from '@earshot/core/presence/missed-changes'
import { PresenceOutbox } from '@earshot/core/presence/outbox'
import { PresenceReader } from '@earshot/core/presence/presence-reader'
import { StatusDelivery } from '@earshot/core/presence/status-delivery'
import { BroadcastVisibility } from '@earshot/core/visibility/broadcast-visibility'
import { PeopleSearch } from '@earshot/core/visibility/people-search'
import { VisibilitySettings } from '@earshot/core/visibility/visibility-settings'
import { createPresenceTelling, SocketFanout } from '@earshot/realtime'
import { HeadcountWatch } from '../realtime/headcount-watch.ts'
import { PresenceSockets } from '../realtime/presence-sockets.ts'
import { PresenceWatch } from '../realtime/presence-watch.ts'
import type { Basis } from './basis.ts'

/** Who is there, who may know it, and who is told. */
export function createPresence(basis: Basis) {
  const { config, connected, stores, prefix, realtime, whoSeesWhom, fanout, limits, metrics, log } = basis
  const { redis, db } = connected
  const { users, blocks, memberships } = stores
  const { subscriptions } = realtime
  const broadcasts = config.PRESENCE_BROADCAST

  const leaseStore = new LeaseStore(redis, {
    prefix,
    shards: config.PRESENCE_SHARDS,
    leaseMs: config.PRESENCE_LEASE_MS,
    maxConnectionsPerUser: limits.socketsPerUser,
    ...(broadcasts && { changesKeptMs }),
  })
  const telling = createPresenceTelling({
    realtime,
    fanout,
    redis,
    leases: leaseStore,
    whoSeesWhom,
    config,
    holdMs: config.PRESENCE_COALESCE_MS,
    onDone: (changes) => outbox.told(changes),
    log,
    metrics,
  })
  const { visibility } = whoSeesWhom
  const { teller } = telling
  const outbox = new PresenceOutbox({
    store: leaseStore,
    publisher: redis,
    tell: (state, isAgain) => teller.changed(state, isAgain),
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
  const reader = new PresenceReader({
    redis,
    leases: leaseStore,
    lastSeen: new LastSeenStore(db, users),
    users,
    visibility,
    settle: (states) => teller.settle(states),
    cacheMs: config.PRESENCE_LAST_SEEN_CACHE_MS,
    hearsOfChanges: () => realtime.hearing.isCurrent,
  })
  const settings = new VisibilitySettings({
    redis,
    leases: leaseStore,
    store: whoSeesWhom.store,
    blocks,
    contacts: whoSeesWhom.contacts,
    visibility,
    announcer: realtime.visibility,
    broadcast: new BroadcastVisibility({
      visibility,
      shown: (userIds, version) => reader.shown(userIds, version),
      fanout,
      isOn: broadcasts,
    }),
    limits,
    log,
  })

  const { io, published } = realtime
  const missedChanges = new MissedChanges({
    redis,
    leases: leaseStore,
    reader,
    visibility,
    here: new SocketFanout({ realtime: { io: io.local, published }, broadcastPresence: broadcasts }),
  })
  const sockets = new PresenceSockets(io, realtime.relay)
  const watch = new PresenceWatch({ sockets, subscriptions, visibility, reader, limits, broadcasts, log })
  const delivery = new StatusDelivery({
    tell: ({ status, hiddenFrom }) =>
      sockets.tellWatchers(status) + (hiddenFrom ? sockets.tellEveryone(status, hiddenFrom) : 0),
    log,
  })
  const everyMs = config.PRESENCE_GROUP_COUNT_MS
  const headcounts = new Headcounts({
    redis,
    prefix,
    shards: leaseStore.keys,
    memberships,
    visibility,
    largeFrom: limits.presenceNamesMaxMembers + 1,
    everyMs,
  })
  const headcountWatch = new HeadcountWatch({ headcounts, visibility, sockets, subscriptions, everyMs })
  const intervals = [
    new Interval({ name: 'presence outbox', everyMs: 1_000, work: () => outbox.run(), log }),
    new Interval({
      name: 'visibility',
      everyMs: config.PRESENCE_VISIBILITY_POLL_MS,
      work: () => telling.follower.run(),
      log,
    }),
    new Interval({ name: 'headcounts', everyMs, work: () => headcountWatch.renew(), log }),
  ]

  return {
    leases,
    reader,
    settings,
    visibility,
    watch,
    headcounts,
    headcountWatch,
    missedChanges: broadcasts ? missedChanges : undefined,
    people: new PeopleSearch({ users, visibility }),
    async start(): Promise<void> {
      await realtime.statuses.listen((news) => {
        reader.forget(news.map(({ status }) => status.userId))
        delivery.add(news)
      })
      redis.on('ready', () => void leases.renewAll())
      await telling.listen((change) => {
        delivery.hurry(change.userId)
        watch.follow(change)
      })
      await visibility.loadHolders()
      leases.start()
      for (const interval of intervals) interval.start()
    },
    /** Leases are given back from then on, no longer renewed. */
    stop: () => leases.stop(),
    /** When nobody is connected any more. */
    async settle(): Promise<void> {
      for (const interval of intervals) await interval.stop()
    },
    close: () => telling.close(),
  }
}
