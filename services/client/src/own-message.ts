import type { Message, SendAck, SendGroupMessage, SendMessage, SendVoiceMessage } from '@earshot/protocol'
import type { OutboxItem } from './outbox/outbox-storage.ts'

export interface Self {
  userId: string
  name: string
}

/** The message that an acknowledged send has become, as everybody else sees it. */
export function ownMessage({ event, payload }: OutboxItem, ack: SendAck, self: Self): Message {
  const { groupId, messageType, content, file, voiceMessage, replyTo, clientMessageId } =
    payload as Partial<SendGroupMessage>
  const recipientId = (payload as Partial<SendMessage & SendVoiceMessage>).recipientId
  return {
    _id: ack._id,
    conversationId: ack.conversationId,
    seq: ack.seq,
    ...(clientMessageId !== undefined && { clientMessageId }),
    sender: { _id: self.userId, name: self.name },
    ...(groupId === undefined ? { recipientId: recipientId ?? '' } : { groupId }),
    messageType: event === 'voice_message' ? 'voice' : (messageType ?? 'text'),
    content: content ?? '',
    ...(file && { file }),
    ...(voiceMessage && {
      voiceMessage: {
        // What was sent as bytes is there from the ack on.
        url: voiceMessage.url ?? `/media/${ack._id}`,
        duration: voiceMessage.duration,
        mimeType: voiceMessage.mimeType,
        size: voiceMessage.size,
        ...(voiceMessage.waveform && { waveform: voiceMessage.waveform }),
      },
    }),
    ...(replyTo !== undefined && { replyTo }),
    createdAt: ack.createdAt,
    status: ack.status,
  }
}
