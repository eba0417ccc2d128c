import { mongoClient } from '@earshot/core/clients/mongo'
import { commandClient } from '@earshot/core/clients/redis'
import type { LoadedConfig } from '@earshot/core/config/load'
import { ConversationStore } from '@earshot/core/conversations/conversation-store'
import { type DeadJob, DeadJobError } from '@earshot/core/jobs/dead-letters'
import { MessageStore } from '@earshot/core/messages/message-store'
import { VoiceStaging } from '@earshot/core/voice/staging'
import { voiceQueueNames } from '@earshot/core/voice/voice-queue'

/**
 * Lets go of the audio that only a dead job would have stored, so that nobody queues it again: its message says from then on
 * that it is lost.
 * @param isMeant whether the operator said so
 * @throws {DeadJobError} when there is such audio and the operator did not
 */
export async function releaseAudio(job: DeadJob, isMeant: boolean, config: LoadedConfig): Promise<void> {
  const { messageId } = job.data
  if (job.queue !== voiceQueueNames.store || typeof messageId !== 'string') return
  const mongo = mongoClient({
    uri: config.MONGODB_URI,
    writeConcern: config.MONGODB_WRITE_CONCERN,
    appName: 'jobs',
  })
  const redis = commandClient(config.REDIS_URL, 'jobs')
  redis.on('error', () => undefined)
  try {
    await Promise.all([mongo.connect(), redis.connect()])
    const messages = new MessageStore(mongo.db())
    const doc = await messages.byId(messageId)
    if (doc?.voiceMessage?.place !== 'staged') return
    if (!isMeant) {
      throw new DeadJobError(
        `The audio of this message waits for this job alone: dropping it loses the audio. Say retry ${job.id}, or add --lose-audio.`,
      )
    }
    await messages.setVoice(messageId, { failed: 'lost' })
    await new ConversationStore(mongo.db()).refreshLast({
      ...doc,
      voiceMessage: { ...doc.voiceMessage, failed: 'lost' },
    })
    await new VoiceStaging(redis, { prefix: config.REDIS_PREFIX, ttlSeconds: 1, maxBytes: 0 }).drop(messageId)
  } finally {
    redis.disconnect()
    await mongo.close()
  }
}
