import { isUnavailable } from '@earshot/core/clients/unavailable'
import type { Logger } from '@earshot/core/observability/logger'
import type { Metrics } from '@earshot/core/observability/metrics'
import { queuePrefix, type VoiceJob, type VoiceQueueName } from '@earshot/core/voice/voice-queue'
import { UnrecoverableError, Worker } from 'bullmq'
import type { Redis } from 'ioredis'

/** What every worker of jobs needs. */
export interface JobWorkerDeps {
  connection: Redis
  prefix: string
  lockMs: number
  log: Logger
  metrics: Metrics
}

/** One kind of job. */
export interface JobKind {
  queue: VoiceQueueName
  concurrency: number
  run: (job: VoiceJob) => Promise<void>
  /** Whether trying again will not help. */
  isHopeless: (error: unknown) => boolean
}

/** Takes jobs of one kind from their queue. What fails is tried again, with backoff, until it counts as dead. */
export function startJobWorker(kind: JobKind, deps: JobWorkerDeps): Worker<VoiceJob> {
  const { queue, concurrency } = kind
  const { log, metrics } = deps
  const worker = new Worker<VoiceJob>(queue, ({ data }) => attempt(data, kind), {
    connection: deps.connection,
    prefix: queuePrefix(deps.prefix),
    concurrency,
    lockDuration: deps.lockMs,
    stalledInterval: deps.lockMs,
    // A worker that is killed often must not send a job to the dead-letter set.
    maxStalledCount: 10,
  })
  worker.on('error', (err) => log.debug({ err }, 'queue'))
  worker.on('failed', (job, err) => {
    const { messageId, correlationId } = job?.data ?? {}
    const dead = job?.finishedOn !== undefined
    metrics.voiceJobs.inc({ result: dead ? 'dead' : 'retry' })
    log[dead ? 'error' : 'warn'](
      { err, queue, messageId, correlationId, attempt: job?.attemptsMade },
      dead ? 'voice job is dead' : 'voice job failed, trying again',
    )
  })
  return worker
}

async function attempt(job: VoiceJob, { run, isHopeless }: JobKind): Promise<void> {
  try {
    await run(job)
  } catch (error) {
    if (isHopeless(error))
      throw new UnrecoverableError(error instanceof Error ? error.message : String(error))
    if (isUnavailable(error)) throw new Error('a store is away', { cause: error })
    throw error
  }
}
