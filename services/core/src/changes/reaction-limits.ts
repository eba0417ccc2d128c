import { CodedError, type Limits } from '@earshot/protocol'
import type { MessageDoc } from '../messages/message-doc.ts'

/**
 * A reaction that was taken back stays in the document, with the number of that change. So many times the limit may a
 * user have there, standing or not: minds change, documents end at 16 MB.
 */
const tracesPerKind = 5

/** Whether a user may add this emoji, of which they have none there. @throws {CodedError} `TOO_LARGE` */
export function checkReactionLimits(
  { reactions = {} }: MessageDoc,
  userId: string,
  emoji: string,
  { reactionKindsPerUser, reactionKindsPerMessage }: Limits,
): void {
  const all = Object.values(reactions)
  const standing = all.filter(({ isRemoved }) => !isRemoved)
  const own = all.filter((reaction) => reaction.userId === userId)
  const isKnown = own.some((reaction) => reaction.emoji === emoji)
  const ownStanding = standing.filter((reaction) => reaction.userId === userId).length
  if (ownStanding >= reactionKindsPerUser) {
    throw tooMany(`You may react with ${reactionKindsPerUser} different emoji at most.`)
  }
  if (!isKnown && own.length >= reactionKindsPerUser * tracesPerKind) {
    throw tooMany('You have taken back too many different emoji here.')
  }
  const kinds = new Set(standing.map((reaction) => reaction.emoji))
  if (!kinds.has(emoji) && kinds.size >= reactionKindsPerMessage) {
    throw tooMany(`A message has ${reactionKindsPerMessage} different emoji at most.`)
  }
}

function tooMany(message: string): CodedError {
  return new CodedError('TOO_LARGE', message, { field: 'emoji' })
}
