import { queuePrefix } from '@earshot/core/jobs/job-queue'
import { jobIdOf, notificationQueueNames } from '@earshot/core/notifications/notification-queues'
import type { SendAck } from '@earshot/protocol'
import { Queue } from 'bullmq'
import type { Test } from 'tap'
import webPush from 'web-push'
import type { Cluster } from './cluster.ts'
import type { PushDevice, PushService } from './push-service.ts'
import type { TestClient } from './test-client.ts'
import { until } from './uploads.ts'

export const vapid = webPush.generateVAPIDKeys()
export const webhookSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

/** What is queued is done at once, one after the other. */
const brisk = { WRITE_BEHIND_FLUSH_MS: '20', NOTIFY_BACKOFF_MS: '1' }

export function pushEnv(service: PushService): Record<string, string> {
  return {
    ...brisk,
    VAPID_PUBLIC_KEY: vapid.publicKey,
    VAPID_PRIVATE_KEY: vapid.privateKey,
    VAPID_SUBJECT: 'mailto:ops@example.org',
    PUSH_HOSTS: service.url,
  }
}

export function webhookEnv(url: string): Record<string, string> {
  return { ...brisk, NOTIFY_WEBHOOK_URL: url, NOTIFY_WEBHOOK_SECRET: webhookSecret }
}

/** A user with a device, who is not there. */
export async function away(cluster: Cluster, service: PushService, userId: string): Promise<PushDevice> {
  const client = await cluster.connect(userId)
  const device = service.device()
  const response = await client.http('/push/subscriptions', { method: 'POST', json: device.subscription })
  if (response.status !== 201) throw new Error(await response.text())
  await leave(cluster, client)
  return device
}

/** Resolves when everybody knows that the user has left. */
export async function leave(cluster: Cluster, client: TestClient): Promise<void> {
  client.socket.disconnect()
  const users = cluster.db.collection<{ _id: string; isOnline?: boolean }>('users')
  await until(async () => (await users.findOne({ _id: client.userId }))?.isOnline === false)
}

/** Tells when all that is to come of a message has come: what has not by then never will. */
export class Notifying {
  readonly #queues: Record<keyof typeof notificationQueueNames, Queue>

  constructor(t: Test, { redis, prefix }: Cluster) {
    const queue = (name: string) => new Queue(name, { connection: redis, prefix: queuePrefix(prefix) })
    this.#queues = {
      look: queue(notificationQueueNames.look),
      push: queue(notificationQueueNames.push),
      webhook: queue(notificationQueueNames.webhook),
    }
    t.teardown(() => Promise.all(Object.values(this.#queues).map((one) => one.close())))
  }

  async settled({ conversationId, seq }: Pick<SendAck, 'conversationId' | 'seq'>): Promise<void> {
    const id = jobIdOf('look', conversationId, seq)
    await until(async () => (await this.#queues.look.getJobState(id)) === 'completed')
    const { push, webhook } = this.#queues
    await until(async () => {
      const counts = await Promise.all(
        [push, webhook].map((queue) =>
          queue.getJobCountByTypes('waiting', 'active', 'delayed', 'prioritized'),
        ),
      )
      return counts.every((count) => count === 0)
    })
  }
}
