import type { Change, Message } from '@earshot/protocol'

/** What an item has beside its texts, bytes. */
const frameBytes = 400
const bytesPerUser = 40
const bytesPerPeak = 8

/** What one answer may hold, shared by its parts: so that no answer is larger than a socket takes, or memory has. */
export class AnswerBudget {
  #left: number

  /** @param bytes about: items are weighed, not written out */
  constructor(bytes: number) {
    this.#left = bytes
  }

  get isSpent(): boolean {
    return this.#left <= 0
  }

  /** As many of the items as there is room for, from the first on; one at least, so that who asks on gets on. */
  fit<T>(items: T[], weigh: (item: T) => number): T[] {
    let count = 0
    for (const item of items) {
      if (count > 0 && this.isSpent) break
      this.#left -= weigh(item)
      count++
    }
    return items.slice(0, count)
  }
}

export function weightOfMessage({ content, voiceMessage, reactions = [] }: Message): number {
  const voice = voiceMessage
    ? Buffer.byteLength(voiceMessage.transcript ?? '') + bytesPerPeak * (voiceMessage.waveform?.length ?? 0)
    : 0
  const users = reactions.reduce((sum, { userIds }) => sum + userIds.length, 0)
  return frameBytes + Buffer.byteLength(content) + voice + bytesPerUser * users
}

export function weightOfChange(change: Change): number {
  return frameBytes + (change.type === 'message_edited' ? Buffer.byteLength(change.content) : 0)
}
