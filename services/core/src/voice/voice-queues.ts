import type { Redis } from 'ioredis'
import type { JobQueueOptions } from '../jobs/job-queue.ts'
import type { Logger } from '../observability/logger.ts'
import { VoiceQueue, type VoiceQueueName, VoiceStoreQueue, voiceQueueNames } from './voice-queue.ts'

export interface VoiceQueues {
  store: VoiceStoreQueue
  prepare: VoiceQueue
  transcribe: VoiceQueue
  close(): Promise<void>
}

/** The queues of all that is done with voice messages. */
export function voiceQueues(connection: Redis, options: JobQueueOptions, log: Logger): VoiceQueues {
  const queue = (name: VoiceQueueName) => new VoiceQueue(connection, name, options, log)
  const store = new VoiceStoreQueue(connection, voiceQueueNames.store, options, log)
  const prepare = queue(voiceQueueNames.prepare)
  const transcribe = queue(voiceQueueNames.transcribe)
  return {
    store,
    prepare,
    transcribe,
    async close() {
      await Promise.all([store.close(), prepare.close(), transcribe.close()])
    },
  }
}
