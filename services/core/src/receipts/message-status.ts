import type { Message, MessageStatus } from '@earshot/protocol'
import type { FullMark } from './players.ts'

/** What the sender of a message may know of one of the others. */
export interface Progress {
  userId: string
  /** Absent: in a conversation of two, from its start. */
  joinedAt?: Date
  mark: FullMark | undefined
  /** Whether both let others know what they have read. */
  isShown: boolean
}

/**
 * How far all have got who were there when it was said: one who joined later takes nothing back. Where nobody was, as in
 * groups that were taken over from the existing system, all count.
 */
export function statusOf({ seq, createdAt }: Message, progress: Progress[]): MessageStatus {
  const saidAt = Date.parse(createdAt)
  const witnesses = progress.filter(({ joinedAt }) => joinedAt === undefined || joinedAt.getTime() <= saidAt)
  const those = witnesses.length > 0 ? witnesses : progress
  if (those.length === 0) return 'sent'
  if (those.every(({ mark, isShown }) => isShown && (mark?.readSeq ?? 0) >= seq)) return 'read'
  const isDelivered = those.every(({ mark }) => Math.max(mark?.deliveredSeq ?? 0, mark?.readSeq ?? 0) >= seq)
  return isDelivered ? 'delivered' : 'sent'
}
