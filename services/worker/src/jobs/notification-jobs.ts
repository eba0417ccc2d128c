import type { ConversationLook } from '@earshot/core/notifications/conversation-look'
import type { Delivery } from '@earshot/core/notifications/delivery'
import { DeliveryRefusedError, ReceiverBusyError } from '@earshot/core/notifications/delivery-errors'
import {
  type LookJob,
  notificationQueueNames,
  type PushJob,
  type WebhookJob,
} from '@earshot/core/notifications/notification-queues'
import type { PushSender } from '@earshot/core/notifications/push-sender'
import type { WebhookSender } from '@earshot/core/notifications/webhook-sender'
import type { Metrics } from '@earshot/core/observability/metrics'
import { type JobKind, PostponedError } from './job-worker.ts'

/** What the kinds have in common. */
function common(step: keyof typeof notificationQueueNames, metrics: Metrics) {
  return {
    queue: notificationQueueNames[step],
    isHopeless: (error: unknown) => error instanceof DeliveryRefusedError,
    count: (result: string) => metrics.notifications.inc({ step, result }),
  }
}

/** Who is to be told of a conversation's last message. */
export function lookJob(look: ConversationLook, concurrency: number, metrics: Metrics): JobKind<LookJob> {
  const shared = common('look', metrics)
  return {
    ...shared,
    concurrency,
    async run(job, { queuedAt }) {
      const outcome = await look.run(job, String(queuedAt))
      if (outcome) throw new PostponedError(outcome.waitMs)
      shared.count('looked')
    },
  }
}

/** To one device. */
export function pushJob(
  { delivery, sender, concurrency }: { delivery: Delivery; sender: PushSender; concurrency: number },
  metrics: Metrics,
): JobKind<PushJob> {
  const shared = common('push', metrics)
  return {
    ...shared,
    concurrency,
    run: async (job) => shared.count(await waiting(delivery.push(job, sender))),
  }
}

/** To the operator's own system. */
export function webhookJob(
  { delivery, sender, concurrency }: { delivery: Delivery; sender: WebhookSender; concurrency: number },
  metrics: Metrics,
): JobKind<WebhookJob> {
  const shared = common('webhook', metrics)
  return {
    ...shared,
    concurrency,
    run: async (job, { id }) => shared.count(await waiting(delivery.webhook(id, job, sender))),
  }
}

/** A receiver that asks to wait costs no try. */
async function waiting<T>(sent: Promise<T>): Promise<T> {
  return sent.catch((error: unknown) => {
    throw error instanceof ReceiverBusyError ? new PostponedError(error.waitMs) : error
  })
}
