import { mongoClient } from '@earshot/core/clients/mongo'
import { commandClient } from '@earshot/core/clients/redis'
import type { LoadedConfig } from '@earshot/core/config/load'
import { ConversationStore } from '@earshot/core/conversations/conversation-store'
import { type DeadJob, DeadJobError } from '@earshot/core/jobs/dead-letters'
import { openBlobStores } from '@earshot/core/media/blob-stores'
import { MessageStore } from '@earshot/core/messages/message-store'
import { createLogger } from '@earshot/core/observability/logger'
import { VoiceStaging } from '@earshot/core/voice/staging'
import { voiceQueueNames } from '@earshot/core/voice/voice-queue'
import type { Db } from 'mongodb'

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
    if (doc?.voiceMessage?.place !== 'staged' || (await isStored(messageId, config, mongo.db()))) return
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

async function isStored(messageId: string, config: LoadedConfig, db: Db): Promise<boolean> {
  const log = createLogger({ level: 'silent', role: 'jobs', nodeId: config.NODE_ID })
  const { blobs, close } = await openBlobStores(config, db, log)
  try {
    return (await blobs.info(messageId)) !== null
  } finally {
    close()
  }
}
