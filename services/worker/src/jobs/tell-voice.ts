import type { Fanout } from '@earshot/core/fanout'
import { type MessageDoc, voiceOutput } from '@earshot/core/messages/message-doc'

type VoiceEvent = 'voice_message_stored' | 'voice_message_transcribed' | 'voice_message_failed'

/** Tells those who can read a voice message what has become of it. */
export function tellVoice(fanout: Fanout, event: VoiceEvent, doc: MessageDoc): void {
  const { groupId, sender, recipientId } = doc
  const payload = payloadOf(doc)
  if (!payload) return
  if (groupId !== undefined) {
    fanout.toGroup(groupId, event, payload)
    return
  }
  for (const userId of new Set([sender._id, recipientId])) {
    if (userId !== undefined) fanout.toUser(userId, event, payload)
  }
}

/** The same, to who sent it alone. */
export function tellSender(fanout: Fanout, event: VoiceEvent, doc: MessageDoc): void {
  const payload = payloadOf(doc)
  if (payload) fanout.toUser(doc.sender._id, event, payload)
}

function payloadOf({ _id: messageId, conversationId, voiceMessage }: MessageDoc) {
  return voiceMessage && { messageId, conversationId, voiceMessage: voiceOutput(messageId, voiceMessage) }
}
