import type { Channel, JudgedChat } from './judged-chat.ts'
import { metrics } from './metrics.ts'
import { Turns } from './turns.ts'

/** Sends so many messages at one moment, from everybody in turn, and resolves when the fate of each is known. */
export async function burst(chat: JudgedChat, channels: readonly Channel[], messages: number): Promise<void> {
  const turns = new Turns(channels)
  const startedAt = Date.now()
  let firstAckMs: number | undefined
  const sendOne = async () => {
    const { channel, from } = turns.next()
    await chat.send(channel, from)
    firstAckMs ??= Date.now() - startedAt
  }
  // In one go: a turn of the event loop in between would answer some before others are sent.
  const sends = Array.from({ length: messages }, sendOne)
  metrics.burstSent.add(Date.now() - startedAt)
  await Promise.all(sends)
  if (firstAckMs !== undefined) metrics.burstFirstAck.add(firstAckMs)
  metrics.burstDone.add(Date.now() - startedAt)
}
