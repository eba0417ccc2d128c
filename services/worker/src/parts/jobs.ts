import { DeadLetters } from '@earshot/core/jobs/dead-letters'
import { allQueueNames } from '@earshot/core/jobs/queue-names'
import { lookAtHeads, notificationQueues } from '@earshot/core/notifications/notification-queues'
import type { Marks } from '@earshot/core/receipts/marks'
import { voiceQueues } from '@earshot/core/voice/voice-queues'
import { notificationWays, startNotificationWorkers } from '../jobs/notification-workers.ts'
import { startVoiceWorkers } from '../jobs/voice-workers.ts'
import type { Basis } from './basis.ts'

export type Queues = ReturnType<typeof createQueues>

/** Where jobs are put, and where those are that died. */
export function createQueues(basis: Basis) {
  const { config, connected, prefix, metrics, log, repeat } = basis
  const { producer } = connected

  const voice = voiceQueues(
    producer,
    { prefix, attempts: config.VOICE_JOB_ATTEMPTS, backoffMs: config.VOICE_JOB_BACKOFF_MS },
    log,
  )
  const notify = notificationQueues(
    producer,
    { prefix, attempts: config.NOTIFY_ATTEMPTS, backoffMs: config.NOTIFY_BACKOFF_MS },
    log,
  )
  const dead = new DeadLetters(producer, { prefix, queues: allQueueNames })
  const ways = notificationWays(config)

  return {
    voice,
    notify,
    /** Whom the last messages of conversations are to be notified of is looked into, where that is set up. */
    onHeads: ways.push || ways.webhook ? lookAtHeads(notify.look) : undefined,
    intervals: [
      repeat('dead jobs', 15_000, async () => {
        for (const [queue, count] of await dead.counts()) metrics.deadJobs.set({ queue }, count)
      }),
    ],
    async close(): Promise<void> {
      await voice.close()
      await notify.close()
      await dead.close()
    },
  }
}

/** Takes jobs from the queues from now on. */
export async function startJobs(basis: Basis, queues: Queues, marks: Marks) {
  const { config, connected, consumer, stores, fanout, metrics, log } = basis
  const { redis, db } = connected
  const { messages, conversations, memberships, groupSizes, users, leases, staging, blobs } = stores

  const voice = await startVoiceWorkers({
    ...{ config, connection: consumer, messages, conversations, staging, blobs },
    ...{ queues: queues.voice, fanout, log, metrics },
  })
  const notify = startNotificationWorkers({
    ...{ config, connection: consumer, redis, db, messages, memberships, sizes: groupSizes },
    ...{ users, leases, marks, queues: queues.notify, log, metrics },
  })

  return {
    /** Waits for the jobs under way; one that takes too long is taken over by another worker. */
    async close(): Promise<void> {
      await Promise.all([voice.close(), notify.close()])
    },
  }
}
