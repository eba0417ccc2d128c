import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { JobQueue, type JobQueueOptions } from '../jobs/job-queue.ts'
import type { VoiceDoc } from '../messages/message-doc.ts'
import type { Logger } from '../observability/logger.ts'
import { TurnBatch } from '../turn-batch.ts'

/** What a job carries: ids, never audio. */
export interface VoiceJob {
  messageId: string
  correlationId: string
  /** What is staged, so that nobody has to read the message for it before it is stored. */
  audio?: RecordedAudio
}

/** Audio that came with a message. */
export type RecordedAudio = Pick<VoiceDoc, 'sha256' | 'size' | 'mimeType'>

/**
 * What is done with a voice message, one after the other: its audio is stored; then looked into and made playable
 * everywhere; then, where that is on, transcribed.
 */
export const voiceQueueNames = {
  store: 'voice',
  prepare: 'voice-prepare',
  transcribe: 'voice-transcribe',
} as const
export type VoiceStep = keyof typeof voiceQueueNames
export type VoiceQueueName = (typeof voiceQueueNames)[VoiceStep]

/** Jobs on voice messages, of one kind. A job's id is its message's. */
export class VoiceQueue extends JobQueue<VoiceJob> {
  /** Rejects when Redis is away: what is not queued is not acknowledged. */
  async add(job: VoiceJob): Promise<void> {
    await this.addJob(job.messageId, job)
  }
}

/** What was to be stored at the same moment: one job for all of it. One that fails gets a job of its own. */
export interface VoiceJobs {
  together: VoiceJob[]
}

/** A job of so many is a few KB. */
const togetherMax = 50

/**
 * Jobs that store audio. In a storm messages are committed together: what a job costs, in Redis most of all, is then shared by
 * these. One alone has a job whose id is its message's.
 */
export class VoiceStoreQueue extends JobQueue<VoiceJob | VoiceJobs> {
  readonly #turn: TurnBatch<VoiceJob, void>

  constructor(connection: Redis, name: VoiceQueueName, options: JobQueueOptions, log: Logger) {
    super(connection, name, options, log)
    this.#turn = new TurnBatch((jobs) => this.#add(jobs), { max: togetherMax })
  }

  /** With all else that this turn of the event loop adds. Rejects when Redis is away: what is not queued is not acknowledged. */
  async add(job: VoiceJob): Promise<void> {
    await this.#turn.add(job)
  }

  /** By itself; a job that this message has already is left as it is. */
  async addAlone(job: VoiceJob): Promise<void> {
    await this.addJob(job.messageId, job)
  }

  async #add(jobs: VoiceJob[]): Promise<void> {
    const [one, ...others] = jobs
    // Not a message's id: one that fails is to have a job by that while this one ends.
    if (others.length > 0) await this.addJob(randomUUID(), { together: jobs })
    else if (one) await this.addAlone(one)
  }
}
