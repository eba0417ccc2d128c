import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Logger } from '../observability/logger.ts'

/** What a job carries: ids, never audio. */
export interface VoiceJob {
  messageId: string
  correlationId: string
}

export interface VoiceQueueOptions {
  name: VoiceQueueName
  prefix: string
  attempts: number
  backoffMs: number
}

/**
 * What is done with a voice message, one after the other: its audio is stored; then looked into and made playable
 * everywhere; then, where that is on, transcribed.
 */
export const voiceQueueNames = {
  store: 'voice',
  prepare: 'voice-prepare',
  transcribe: 'voice-transcribe',
} as const
export type VoiceQueueName = (typeof voiceQueueNames)[keyof typeof voiceQueueNames]

/** BullMQ's keys start with this; the braces keep a queue in one slot. */
export function queuePrefix(prefix: string): string {
  return `{${prefix}-queue}`
}

/** Jobs on voice messages, of one kind. A job's id is its message's, so that asking twice makes one. */
export class VoiceQueue {
  readonly #queue: Queue<VoiceJob>

  constructor(connection: Redis, options: VoiceQueueOptions, log: Logger) {
    this.#queue = new Queue<VoiceJob>(options.name, {
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
    await this.#queue.add(this.#queue.name, job, { jobId: job.messageId })
  }

  async close(): Promise<void> {
    await this.#queue.close()
  }
}
