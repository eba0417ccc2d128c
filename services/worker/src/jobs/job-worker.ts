import { isUnavailable } from '@earshot/core/clients/unavailable'
import { queuePrefix } from '@earshot/core/jobs/job-queue'
import type { Logger } from '@earshot/core/observability/logger'
import { DelayedError, type Job, UnrecoverableError, Worker } from 'bullmq'
import type { Redis } from 'ioredis'

/** What every worker of jobs needs. */
export interface JobWorkerDeps {
  connection: Redis
  prefix: string
  lockMs: number
  /** Aborted when this process leaves: what is broken off then has not failed. */
  leaving: AbortSignal
  log: Logger
}

export interface JobWorker {
  /** Takes no more jobs, and resolves when those under way are done or broken off, or at once while Redis is away. */
  close(): Promise<void>
}

/** One kind of job. */
export interface JobKind<J> {
  queue: string
  concurrency: number
  run: (job: J, about: { id: string; queuedAt: number }) => Promise<void>
  /** Whether trying again will not help. */
  isHopeless: (error: unknown) => boolean
  /** The last try failed: the job is about to go to the dead-letter set. May be called twice. */
  onDying?: (job: J, error: unknown) => Promise<void>
  count: (result: 'retry' | 'postponed' | 'dead') => void
}

/** The job is to run again later, which is no failure. */
export class PostponedError extends Error {
  override readonly name = 'PostponedError'
  readonly waitMs: number

  constructor(waitMs: number) {
    super('not yet')
    this.waitMs = waitMs
  }
}

/** Longest wait for a store that is away, ms. */
const longestPauseMs = 15_000

/**
 * Takes jobs of one kind from their queue. What fails is tried again, with backoff, until it counts as dead. That a store
 * is away is no failure of the job: it waits for as long as that takes.
 */
export function startJobWorker<J extends object>(kind: JobKind<J>, deps: JobWorkerDeps): JobWorker {
  const { queue, concurrency } = kind
  const { log } = deps
  const worker = new Worker<J>(queue, (job, token) => attempt(job, token, kind, deps), {
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
    const dead = job?.finishedOn !== undefined
    kind.count(dead ? 'dead' : 'retry')
    log[dead ? 'error' : 'warn'](
      { err, queue, ...job?.data, jobId: job?.id, attempt: job?.attemptsMade },
      dead ? 'job is dead' : 'job failed, trying again',
    )
  })
  return { close: () => close(worker, deps) }
}

/**
 * With Redis away BullMQ would wait for it, and for the end of a connection that pauses between two tries to connect, which
 * never says that it ended. What is under way is then left to the worker that takes it over.
 */
async function close(worker: Worker, { connection, log }: JobWorkerDeps): Promise<void> {
  // Not asked where Redis is away: BullMQ says then when it is back, or fails.
  const isThere = connection.status === 'ready'
  const blocking = isThere ? await worker.getBackend().blockingClient?.catch(() => undefined) : undefined
  try {
    await worker.close(blocking?.status !== 'ready')
  } catch (err) {
    if (!isUnavailable(err)) throw err
    log.debug({ err }, 'queue')
  }
}

async function attempt<J extends object>(
  job: Job<J>,
  token: string | undefined,
  kind: JobKind<J>,
  deps: JobWorkerDeps,
): Promise<void> {
  try {
    await kind.run(job.data, { id: job.id ?? '', queuedAt: job.timestamp })
  } catch (error) {
    if (error instanceof PostponedError) await postpone(job, token, error.waitMs)
    const isHopeless = kind.isHopeless(error)
    if (!isHopeless && deps.leaving.aborted) await postpone(job, token, 0)
    if (isUnavailable(error)) {
      kind.count('postponed')
      deps.log.debug({ err: error, queue: kind.queue, jobId: job.id }, 'a store is away, the job waits')
      await postpone(job, token, pauseMs(job))
    }
    if (isHopeless || job.attemptsMade + 1 >= (job.opts.attempts ?? 1)) {
      await (kind.onDying?.(job.data, error) ?? Promise.resolve()).catch(async (err: unknown) => {
        if (isUnavailable(err)) await postpone(job, token, pauseMs(job))
        throw err
      })
    }
    if (isHopeless) throw new UnrecoverableError(error instanceof Error ? error.message : String(error))
    throw error
  }
}

/** Puts the job back without counting the try. Always throws, which tells BullMQ so. */
async function postpone(job: Job, token: string | undefined, ms: number): Promise<never> {
  await job.moveToDelayed(Date.now() + ms, token)
  throw new DelayedError()
}

/** Exponential in how often it was put off, with jitter over its upper half. */
function pauseMs({ attemptsStarted, attemptsMade }: Job): number {
  const ms = Math.min(250 * 2 ** Math.min(attemptsStarted - attemptsMade, 10), longestPauseMs)
  return ms * (0.5 + Math.random() / 2)
}
