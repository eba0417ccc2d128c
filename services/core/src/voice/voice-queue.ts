import { JobQueue } from '../jobs/job-queue.ts'

/** What a job carries: ids, never audio. */
export interface VoiceJob {
  messageId: string
  correlationId: string
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
export type VoiceStep = keyof typeof voiceQueueNames
export type VoiceQueueName = (typeof voiceQueueNames)[VoiceStep]

/** Jobs on voice messages, of one kind. A job's id is its message's. */
export class VoiceQueue extends JobQueue<VoiceJob> {
  /** Rejects when Redis is away: what is not queued is not acknowledged. */
  async add(job: VoiceJob): Promise<void> {
    await this.addJob(job.messageId, job)
  }
}
