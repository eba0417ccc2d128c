import type { MessageDoc } from '../messages/message-doc.ts'

/** Where a conversation stands: its last message, and how far each of those who wrote lately has written. */
export interface Head {
  message: MessageDoc
  /** The last `seq` of each writer, by `writerKey`: what comes before it they count as read. */
  wrote: Map<string, number>
}

/** A user as a field's name: of nothing that a database would take for more. */
export function writerKey(userId: string): string {
  return encodeURIComponent(userId).replaceAll('.', '%2E')
}

export function headOf(message: MessageDoc): Head {
  return { message, wrote: new Map([[writerKey(message.sender._id), message.seq]]) }
}

/** Of many messages the heads of their conversations. */
export function headsOf(messages: MessageDoc[]): Head[] {
  const heads = new Map<string, Head>()
  for (const message of messages) {
    const head = heads.get(message.conversationId)
    if (!head) {
      heads.set(message.conversationId, headOf(message))
      continue
    }
    if (head.message.seq < message.seq) head.message = message
    const key = writerKey(message.sender._id)
    head.wrote.set(key, Math.max(head.wrote.get(key) ?? 0, message.seq))
  }
  return [...heads.values()]
}
