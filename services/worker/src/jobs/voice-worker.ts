import { isUnavailable } from '@earshot/core/clients/unavailable'
import type { Fanout } from '@earshot/core/fanout'
import { voiceOutput } from '@earshot/core/messages/message-doc'
import type { Logger } from '@earshot/core/observability/logger'
import type { Metrics } from '@earshot/core/observability/metrics'
import { queuePrefix, type VoiceJob, voiceQueueName } from '@earshot/core/voice/voice-queue'
import { AudioLostError, type VoiceStorer } from '@earshot/core/voice/voice-storer'
import { type Job, UnrecoverableError, Worker } from 'bullmq'
import type { Redis } from 'ioredis'

export interface VoiceWorkerDeps {
  connection: Redis
  prefix: string
  concurrency: number
  lockMs: number
  storer: VoiceStorer
  fanout: Fanout
  log: Logger
  metrics: Metrics
}

/** Runs voice jobs: audio into the blob store, then the rooms are told where it is. */
export function startVoiceWorker(deps: VoiceWorkerDeps): Worker<VoiceJob> {
  const worker = new Worker<VoiceJob>(voiceQueueName, (job) => run(job, deps), {
    connection: deps.connection,
    prefix: queuePrefix(deps.prefix),
    concurrency: deps.concurrency,
    lockDuration: deps.lockMs,
    stalledInterval: deps.lockMs,
    // A worker that is killed often must not send a job to the dead-letter set.
    maxStalledCount: 10,
  })
  worker.on('error', (err) => deps.log.debug({ err }, 'queue'))
  worker.on('failed', (job, err) => {
    const { messageId, correlationId } = job?.data ?? {}
    const dead = job?.finishedOn !== undefined
    deps.metrics.voiceJobs.inc({ result: dead ? 'dead' : 'retry' })
    deps.log[dead ? 'error' : 'warn'](
      { err, messageId, correlationId, attempt: job?.attemptsMade },
      dead ? 'voice job is dead' : 'voice job failed, trying again',
    )
  })
  return worker
}

async function run(job: Job<VoiceJob>, { storer, fanout, log, metrics }: VoiceWorkerDeps): Promise<void> {
  const { messageId, correlationId } = job.data
  try {
    const doc = await storer.store(messageId)
    if (!doc?.voiceMessage) {
      log.info({ messageId, correlationId }, 'voice job without a message, dropped')
      return
    }
    const stored = {
      messageId,
      conversationId: doc.conversationId,
      voiceMessage: voiceOutput(messageId, doc.voiceMessage),
    }
    if (doc.groupId !== undefined) fanout.toGroup(doc.groupId, 'voice_message_stored', stored)
    else {
      for (const userId of new Set([doc.sender._id, doc.recipientId])) {
        if (userId !== undefined) fanout.toUser(userId, 'voice_message_stored', stored)
      }
    }
    metrics.voiceJobs.inc({ result: 'stored' })
    log.info({ messageId, correlationId, bytes: doc.voiceMessage.size }, 'voice stored')
  } catch (error) {
    if (error instanceof AudioLostError) throw new UnrecoverableError(error.message)
    if (isUnavailable(error)) throw new Error('a store is away', { cause: error })
    throw error
  }
}
