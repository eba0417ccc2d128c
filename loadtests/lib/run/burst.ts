import type { EarshotUser } from '../earshot/user.ts'
import type { Channel, JudgedChat } from './judged-chat.ts'
import { metrics } from './metrics.ts'

/** Sends so many messages at one moment, from everybody in turn, and resolves when the fate of each is known. */
export async function burst(chat: JudgedChat, channels: readonly Channel[], messages: number): Promise<void> {
  const startedAt = Date.now()
  let firstAckMs: number | undefined
  const sendOne = async (i: number) => {
    const { channel, from } = turn(channels, i)
    await chat.send(channel, from)
    firstAckMs ??= Date.now() - startedAt
  }
  // In one go: a turn of the event loop in between would answer some before others are sent.
  const sends = Array.from({ length: messages }, (_, i) => sendOne(i))
  metrics.burstSent.add(Date.now() - startedAt)
  await Promise.all(sends)
  if (firstAckMs !== undefined) metrics.burstFirstAck.add(firstAckMs)
  metrics.burstDone.add(Date.now() - startedAt)
}

/** Whose turn it is: all channels one after the other, then each one's next member. */
export function turn(channels: readonly Channel[], i: number): { channel: Channel; from: EarshotUser } {
  const channel = channels[i % channels.length]
  const from = channel?.members[Math.floor(i / channels.length) % channel.members.length]
  if (!channel || !from) throw new Error('nobody to talk to')
  return { channel, from }
}
