import type { Fanout } from '@earshot/core/fanout'
import { type MessageDoc, voiceOutput } from '@earshot/core/messages/message-doc'

/** Tells those who can read a voice message what has become of it. */
export function tellVoice(
  fanout: Fanout,
  event: 'voice_message_stored' | 'voice_message_transcribed',
  { _id: messageId, conversationId, groupId, sender, recipientId, voiceMessage }: MessageDoc,
): void {
  if (!voiceMessage) return
  const payload = { messageId, conversationId, voiceMessage: voiceOutput(messageId, voiceMessage) }
  if (groupId !== undefined) {
    fanout.toGroup(groupId, event, payload)
    return
  }
  for (const userId of new Set([sender._id, recipientId])) {
    if (userId !== undefined) fanout.toUser(userId, event, payload)
  }
}
