import type { Mark, Message } from '@earshot/protocol'

/** A mark, and which of the voice messages that were asked for its user has played. */
export type FullMark = Mark & { playedSeqs: readonly number[] }

/** A voice message with those of these users who have played it. */
export function withPlayers(message: Message, marks: readonly FullMark[]): Message {
  const { voiceMessage, seq } = message
  if (!voiceMessage) return message
  const playedBy = marks.filter(({ playedSeqs }) => playedSeqs.includes(seq)).map(({ userId }) => userId)
  return playedBy.length === 0 ? message : { ...message, voiceMessage: { ...voiceMessage, playedBy } }
}
