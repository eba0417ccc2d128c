import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Logger } from '../observability/logger.ts'

/** What a job carries: ids, never audio. */
export interface VoiceJob {
  messageId: string
  correlationId: string
}

export interface VoiceQueueOptions {
  prefix: string
  attempts: number
  backoffMs: number
}

export const voiceQueueName = 'voice'

/** BullMQ's keys start with this; the braces keep a queue in one slot. */
export function queuePrefix(prefix: string): string {
  return `{${prefix}-queue}`
}

/** Jobs to store audio. A job's id is its message's, so that asking twice makes one. */
export class VoiceQueue {
  readonly #queue: Queue<VoiceJob>

  constructor(connection: Redis, options: VoiceQueueOptions, log: Logger) {
    this.#queue = new Queue<VoiceJob>(voiceQueueName, {
      connection,
      prefix: queuePrefix(options.prefix),
      defaultJobOptions: {
        attempts: options.attempts,
        backoff: { type: 'exponential', delay: options.backoffMs, jitter: 0.5 },
        removeOnComplete: { age: 3_600, count: 1_000 },
        // The dead-letter set: kept until an operator retries or drops it.
        removeOnFail: false,
      },
    })
    // The client that tried is told; BullMQ would write to the console besides.
    this.#queue.on('error', (err) => log.debug({ err }, 'queue'))
  }

  /** Rejects when Redis is away: what is not queued is not acknowledged. */
  async add(job: VoiceJob): Promise<void> {
    await this.#queue.add('store', job, { jobId: job.messageId })
  }

  async close(): Promise<void> {
    await this.#queue.close()
  }
}
