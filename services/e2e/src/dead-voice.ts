import type { SendAck } from '@earshot/protocol'
import type { Cluster } from './cluster.ts'
import { dataUrl, webmBytes } from './speech.ts'
import type { TestClient } from './test-client.ts'

/** A voice message whose audio cannot be read from staging, so that its job dies, until it is healed. */
export interface DeadVoice {
  ack: SendAck
  audio: Buffer
  heal(): Promise<void>
}

/** Sends one while no worker runs. */
export async function sendDoomedVoice(
  cluster: Cluster,
  from: TestClient,
  recipientId: string,
): Promise<DeadVoice> {
  const audio = webmBytes(3_000)
  const voiceMessage = { url: dataUrl(audio), duration: 1, mimeType: 'audio/webm', size: audio.length }
  const ack = await from.send('voice_message', { recipientId, voiceMessage })
  const key = `${cluster.prefix}:audio:{${ack._id}}`
  await cluster.redis.rename(key, `${key}:kept`)
  // Of another type: to read it as audio is an error, and no store is away.
  await cluster.redis.set(key, 'no hash of audio')
  return {
    ack,
    audio,
    heal: async () => {
      await cluster.redis.del(key)
      await cluster.redis.rename(`${key}:kept`, key)
    },
  }
}
