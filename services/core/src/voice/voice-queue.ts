import { JobQueue } from '../jobs/job-queue.ts'
import type { VoiceDoc } from '../messages/message-doc.ts'

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
