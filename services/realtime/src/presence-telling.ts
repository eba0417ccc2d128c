import type { Config } from '@earshot/core/config/schema'
import type { Fanout } from '@earshot/core/fanout'
import type { Logger } from '@earshot/core/observability/logger'
import type { Metrics } from '@earshot/core/observability/metrics'
import type { LeaseStore } from '@earshot/core/presence/lease-store'
import { StatusPublisher } from '@earshot/core/presence/status-publisher'
import { StatusTeller } from '@earshot/core/presence/status-teller'
import { fromWireRules, type VisibilityChange } from '@earshot/core/visibility/visibility-change'
import { VisibilityFollower } from '@earshot/core/visibility/visibility-follower'
import type { Redis } from 'ioredis'
import type { Realtime } from './realtime-server.ts'
import type { WhoSeesWhom } from './visibility.ts'

export interface PresenceTelling {
  teller: StatusTeller
  /** Looks for changes that no announcement told of. */
  follower: VisibilityFollower
  /** Resolves when changes that are announced from then on are known. @param then called when one is known */
  listen(then?: (change: VisibilityChange) => void): Promise<void>
  close(): Promise<void>
}

/** What gateways and workers share: who sees whom, and telling of presence accordingly. */
export function createPresenceTelling(deps: {
  realtime: Realtime
  fanout: Fanout
  redis: Redis
  leases: LeaseStore
  whoSeesWhom: WhoSeesWhom
  config: Pick<Config, 'PRESENCE_LEASE_MS' | 'PRESENCE_BROADCAST'>
  /** How long it waits to be told that a user left. */
  holdMs: number
  /** Called with the changes of which clients were told, or need not be. */
  onDone: (changes: { userId: string; version: number }[]) => void
  log: Logger
  metrics: Metrics
}): PresenceTelling {
  const { realtime, redis, leases, config, log, metrics } = deps
  const { visibility, store } = deps.whoSeesWhom
  const publisher = new StatusPublisher({
    visibility,
    fanout: deps.fanout,
    statuses: realtime.statuses,
    broadcasts: config.PRESENCE_BROADCAST,
    log,
  })
  const teller = new StatusTeller({
    redis,
    keys: leases.keys,
    holdMs: deps.holdMs,
    hears: () => realtime.hearing.isCurrent,
    publish: (states) => publisher.publish(states),
    onDone: deps.onDone,
    log,
    metrics,
  })
  let after: (change: VisibilityChange) => void = () => undefined
  const follow = (change: VisibilityChange) => {
    const [contactId] = change.others ?? []
    if (change.isContact && contactId !== undefined) visibility.learnContact(change.userId, contactId)
    visibility.learn(change.userId, fromWireRules(change.rules))
    after(change)
  }
  return {
    teller,
    follower: new VisibilityFollower({ redis, store, visibility, follow }),
    async listen(then) {
      if (then) after = then
      await realtime.visibility.listen(follow)
    },
    async close() {
      await teller.close()
      publisher.close()
    },
  }
}
