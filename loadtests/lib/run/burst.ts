import type { Channel, JudgedChat } from './judged-chat.ts'
import { metrics } from './metrics.ts'
import { Turns } from './turns.ts'

/** Sends so many messages at one moment, from everybody in turn, and resolves when the fate of each is known. */
export async function burst(chat: JudgedChat, channels: readonly Channel[], messages: number): Promise<void> {
  const turns = new Turns(channels)
  const startedAt = Date.now()
  const sendOne = () => {
    const { channel, from } = turns.next()
    return chat.send(channel, from)
  }
  // In one go: a turn of the event loop in between would answer some before others are sent.
  const sends = Array.from({ length: messages }, sendOne)
  metrics.burstSent.add(Date.now() - startedAt)
  // By when frames arrived, not by when this VU came to them: it has been busy sending.
  const { most, firstAckAt } = chat.judge.inFlight(await Promise.all(sends))
  metrics.inFlight.add(most)
  if (firstAckAt !== undefined) metrics.burstFirstAck.add(firstAckAt - startedAt)
  metrics.burstDone.add(Date.now() - startedAt)
}
