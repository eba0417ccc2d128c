import type { UserStore } from '@earshot/core/accounts/user-store'
import type { LoadedConfig } from '@earshot/core/config/load'
import { BlockStore } from '@earshot/core/conversations/block-store'
import type { GroupSizes } from '@earshot/core/conversations/group-sizes'
import type { MembershipStore } from '@earshot/core/conversations/membership-store'
import type { MessageStore } from '@earshot/core/messages/message-store'
import { ClaimStore } from '@earshot/core/notifications/claim-store'
import { ConversationLook } from '@earshot/core/notifications/conversation-look'
import { Delivery } from '@earshot/core/notifications/delivery'
import { LookGate } from '@earshot/core/notifications/look-gate'
import type { ContentLevel } from '@earshot/core/notifications/notification'
import type { NotificationQueues } from '@earshot/core/notifications/notification-queues'
import { PushSender } from '@earshot/core/notifications/push-sender'
import { SubscriptionStore } from '@earshot/core/notifications/subscription-store'
import { Unnotified } from '@earshot/core/notifications/unnotified'
import { WebhookSender } from '@earshot/core/notifications/webhook-sender'
import type { Logger } from '@earshot/core/observability/logger'
import type { Metrics } from '@earshot/core/observability/metrics'
import { LastSeenStore } from '@earshot/core/presence/last-seen-store'
import type { LeaseStore } from '@earshot/core/presence/lease-store'
import type { Marks } from '@earshot/core/receipts/marks'
import type { Redis } from 'ioredis'
import type { Db } from 'mongodb'
import { startJobWorker } from './job-worker.ts'
import { lookJob, pushJob, webhookJob } from './notification-jobs.ts'

export interface NotificationWorkersDeps {
  config: LoadedConfig
  connection: Redis
  redis: Redis
  db: Db
  messages: MessageStore
  memberships: MembershipStore
  sizes: GroupSizes
  users: UserStore
  leases: LeaseStore
  marks: Marks
  queues: NotificationQueues
  log: Logger
  metrics: Metrics
}

/** Which ways of notifying are set up. */
export function notificationWays(config: LoadedConfig): { push: boolean; webhook: boolean } {
  return {
    push: config.VAPID_PRIVATE_KEY !== undefined,
    webhook: config.NOTIFY_WEBHOOK_URL !== undefined,
  }
}

/** Starts all that notifies who is not there, as far as it is set up. */
export function startNotificationWorkers(deps: NotificationWorkersDeps): { close(): Promise<void> } {
  const { config, db, messages, memberships, marks, metrics } = deps
  const claims = new ClaimStore(db)
  const subscriptions = new SubscriptionStore(db)
  const ttlMs = config.NOTIFY_TTL_S * 1_000
  const delivery = new Delivery({
    ...{ messages, memberships, marks, claims, subscriptions },
    options: { content: config.NOTIFY_CONTENT as ContentLevel, ttlMs },
  })
  const { push, webhook } = sendersOf(config)
  const concurrency = config.NOTIFY_CONCURRENCY
  const leaving = new AbortController()
  const worker = {
    ...{ connection: deps.connection, prefix: config.REDIS_PREFIX, lockMs: config.VOICE_LOCK_MS },
    ...{ leaving: leaving.signal, log: deps.log },
  }
  const workers = [
    ...(push || webhook
      ? [startJobWorker(lookJob(lookOf(deps, claims, subscriptions), concurrency, metrics), worker)]
      : []),
    ...(push ? [startJobWorker(pushJob({ delivery, sender: push, concurrency }, metrics), worker)] : []),
    ...(webhook
      ? [startJobWorker(webhookJob({ delivery, sender: webhook, concurrency }, metrics), worker)]
      : []),
  ]
  return {
    async close() {
      leaving.abort(new Error('the worker is leaving'))
      await Promise.all(workers.map((one) => one.close()))
    },
  }
}

function sendersOf(config: LoadedConfig): {
  push: PushSender | undefined
  webhook: WebhookSender | undefined
} {
  const { VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY, NOTIFY_WEBHOOK_URL, NOTIFY_WEBHOOK_SECRET } = config
  const timeoutMs = config.NOTIFY_TIMEOUT_MS
  return {
    push:
      VAPID_PUBLIC_KEY === undefined || VAPID_PRIVATE_KEY === undefined
        ? undefined
        : new PushSender({
            publicKey: VAPID_PUBLIC_KEY,
            privateKey: VAPID_PRIVATE_KEY,
            subject: config.VAPID_SUBJECT,
            ttlSeconds: config.NOTIFY_TTL_S,
            timeoutMs,
          }),
    webhook:
      NOTIFY_WEBHOOK_URL === undefined || NOTIFY_WEBHOOK_SECRET === undefined
        ? undefined
        : new WebhookSender({ url: NOTIFY_WEBHOOK_URL, secret: NOTIFY_WEBHOOK_SECRET, timeoutMs }),
  }
}

function lookOf(
  deps: NotificationWorkersDeps,
  claims: ClaimStore,
  subscriptions: SubscriptionStore,
): ConversationLook {
  const { config, db, redis, messages, memberships, sizes, users, leases, marks, queues } = deps
  const lastSeen = new LastSeenStore(db, users)
  return new ConversationLook({
    ...{ messages, memberships, sizes, subscriptions, queues },
    unnotified: new Unnotified({ leases, lastSeen, marks, claims, blocks: new BlockStore(db) }),
    gate: new LookGate(redis, { prefix: config.REDIS_PREFIX, intervalMs: config.NOTIFY_GROUP_INTERVAL_MS }),
    options: {
      ...notificationWays(config),
      secondLookMs: silenceMs(config),
      ttlMs: config.NOTIFY_TTL_S * 1_000,
    },
  })
}

/** After which whoever was lost without a word is offline, and MongoDB knows since when. */
function silenceMs(config: LoadedConfig): number {
  const noticed = Math.max(config.PING_INTERVAL_MS + config.PING_TIMEOUT_MS, config.PRESENCE_LEASE_MS)
  return noticed + config.PRESENCE_GRACE_MS + 2 * config.PRESENCE_SWEEP_MS + config.PRESENCE_FLUSH_MS
}
