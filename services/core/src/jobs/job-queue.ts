import { type JobsOptions, Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Logger } from '../observability/logger.ts'

export interface JobQueueOptions {
  prefix: string
  attempts: number
  /** Wait before the second try; doubles with each, and is cut by up to a half by chance. */
  backoffMs: number
  /** How many dead jobs are kept, and for how many seconds. Unset: all, for ever. */
  keepsDead?: { age: number; count: number }
}

/** BullMQ's keys start with this; the braces keep a queue in one slot. */
export function queuePrefix(prefix: string): string {
  return `{${prefix}-queue}`
}

/** Jobs of one kind. A job has an id of the caller's, so that asking twice makes one. */
export class JobQueue<J extends object> {
  readonly #queue: Queue<J, void, string>

  constructor(connection: Redis, name: string, options: JobQueueOptions, log: Logger) {
    this.#queue = new Queue<J, void, string>(name, {
      connection,
      prefix: queuePrefix(options.prefix),
      defaultJobOptions: {
        attempts: options.attempts,
        backoff: { type: 'exponential', delay: options.backoffMs, jitter: 0.5 },
        removeOnComplete: { age: 3_600, count: 1_000 },
        // The dead-letter set: kept until an operator retries or drops it.
        removeOnFail: options.keepsDead ?? false,
      },
    })
    // The client that tried is told; BullMQ would write to the console besides.
    this.#queue.on('error', (err) => log.debug({ err }, 'queue'))
  }

  /** Rejects when Redis is away: what is not queued is not acknowledged. */
  async addJob(jobId: string, data: J, options: JobsOptions = {}): Promise<void> {
    await (this.#queue as Queue).add(this.#queue.name, data, { ...options, jobId })
  }

  /** Many in one call. */
  async addJobs(jobs: { jobId: string; data: J }[]): Promise<void> {
    if (jobs.length === 0) return
    const { name } = this.#queue
    await (this.#queue as Queue).addBulk(jobs.map(({ jobId, data }) => ({ name, data, opts: { jobId } })))
  }

  async close(): Promise<void> {
    await this.#queue.close()
  }
}
