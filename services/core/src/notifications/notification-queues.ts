import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { JobQueue, type JobQueueOptions } from '../jobs/job-queue.ts'
import type { MessageDoc } from '../messages/message-doc.ts'
import type { Logger } from '../observability/logger.ts'

/** One message was the last in a conversation: who is to be told of it? */
export interface LookJob {
  conversationId: string
  messageId: string
  seq: number
  /** A second look, at the message that is the last one by then. */
  isSecond?: true
}

/** One device. */
export interface PushJob {
  subscriptionId: string
  userId: string
  conversationId: string
  messageId: string
  seq: number
}

/** Many users, for the operator's own system. */
export interface WebhookJob {
  userIds: string[]
  conversationId: string
  messageId: string
  seq: number
}

export const notificationQueueNames = {
  look: 'notify',
  push: 'notify-push',
  webhook: 'notify-webhook',
} as const

export interface NotificationQueues {
  look: JobQueue<LookJob>
  push: JobQueue<PushJob>
  webhook: JobQueue<WebhookJob>
  close(): Promise<void>
}

/** The queues of notifications. What is dead in them is worth little soon: the newest are kept, for a week. */
export function notificationQueues(
  connection: Redis,
  options: JobQueueOptions,
  log: Logger,
): NotificationQueues {
  const bounded = { ...options, keepsDead: { age: 7 * 86_400, count: 10_000 } }
  const look = new JobQueue<LookJob>(connection, notificationQueueNames.look, bounded, log)
  const push = new JobQueue<PushJob>(connection, notificationQueueNames.push, bounded, log)
  const webhook = new JobQueue<WebhookJob>(connection, notificationQueueNames.webhook, bounded, log)
  return {
    look,
    push,
    webhook,
    async close() {
      await Promise.all([look.close(), push.close(), webhook.close()])
    },
  }
}

/** For `ConversationHeads`: has somebody look at each conversation with a new last message. */
export function lookAtHeads(queue: JobQueue<LookJob>): (heads: MessageDoc[]) => Promise<void> {
  return (heads) =>
    queue.addJobs(
      heads.map(({ conversationId, _id: messageId, seq }) => ({
        jobId: jobIdOf('look', conversationId, seq),
        data: { conversationId, messageId, seq },
      })),
    )
}

/** An id that BullMQ takes, whatever is in the parts. */
export function jobIdOf(...parts: (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 18).toString('base64url')
}
