import type { MessageDoc } from '../messages/message-doc.ts'
import type { ConversationCursor } from './conversation-cursor.ts'
import type { ConversationHeads } from './conversation-heads.ts'
import type { ConversationDoc, ConversationStore } from './conversation-store.ts'
import type { Head } from './head.ts'

/**
 * A user's conversations, newest first: those whose last message waits for MongoDB in their true places among the others.
 */
export async function conversationPage(
  from: { conversations: ConversationStore; heads: ConversationHeads },
  of: { userId: string; groupIds: readonly string[] },
  page: { limit: number; after: ConversationCursor | undefined },
): Promise<ConversationDoc[]> {
  // Redis first: what is flushed in between is in MongoDB by then.
  const waiting = await from.heads.waiting(of.userId, of.groupIds)
  const heads = new Map(waiting.map((head) => [head.message.conversationId, head]))
  const without = [...heads.keys()]
  const [moved, others] = await Promise.all([
    from.conversations.find(of.userId, without),
    from.conversations.list(of.userId, of.groupIds, { ...page, without }),
  ])
  const { after } = page
  return [...moved.map((doc) => layOver(doc, heads.get(doc._id))), ...others]
    .filter((doc) => !after || isBeyond(doc, after))
    .sort(newestFirst)
    .slice(0, page.limit)
}

function layOver(doc: ConversationDoc, head: Head | undefined): ConversationDoc {
  if (!head) return doc
  const { message } = head
  const wrote = { ...doc.wrote }
  for (const [key, seq] of head.wrote) wrote[key] = Math.max(wrote[key] ?? 0, seq)
  if (!isNewer(message, doc)) return { ...doc, wrote }
  return { ...doc, wrote, headSeq: message.seq, lastMessage: message, updatedAt: message.createdAt }
}

/** A change of the last message is written to MongoDB at once. */
function isNewer(message: MessageDoc, { headSeq, lastMessage }: ConversationDoc): boolean {
  if (message.seq !== headSeq) return message.seq > headSeq
  return (message.changeSeq ?? 0) > (lastMessage?.changeSeq ?? 0)
}

function isBeyond(doc: ConversationDoc, { updatedAt, id }: ConversationCursor): boolean {
  const later = doc.updatedAt.getTime() - updatedAt.getTime()
  return later === 0 ? id !== undefined && compareIds(doc._id, id) < 0 : later < 0
}

function newestFirst(a: ConversationDoc, b: ConversationDoc): number {
  return b.updatedAt.getTime() - a.updatedAt.getTime() || compareIds(b._id, a._id)
}

/** As MongoDB compares: by bytes. */
function compareIds(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
