import { directMembers, type EarshotClient } from '@earshot/client'
import type { Message, SendAck } from '@earshot/protocol'
import type { Outgoing } from './chat-state.ts'

export interface Self {
  userId: string
  name: string
}

/** A conversation is one with another person, or a group, whose id is the conversation's. */
export function otherMember(conversationId: string, selfId: string): string | undefined {
  const members = directMembers(conversationId)
  return members && (members.find((userId) => userId !== selfId) ?? selfId)
}

/** Sends it and gives back the message that it became. */
export async function deliver(client: EarshotClient, outgoing: Outgoing, self: Self): Promise<Message> {
  const recipientId = otherMember(outgoing.conversationId, self.userId)
  const target = recipientId === undefined ? { groupId: outgoing.conversationId } : { recipientId }
  const ack = await send(client, outgoing, recipientId)
  const { content, clientMessageId, voiceMessage } = outgoing
  return {
    _id: ack._id,
    conversationId: ack.conversationId,
    seq: ack.seq,
    clientMessageId,
    sender: { _id: self.userId, name: self.name },
    ...target,
    messageType: voiceMessage ? 'voice' : 'text',
    content,
    ...(voiceMessage && {
      voiceMessage: {
        url: voiceMessage.url,
        duration: voiceMessage.duration,
        mimeType: voiceMessage.mimeType,
        size: voiceMessage.size,
      },
    }),
    createdAt: ack.createdAt,
    status: ack.status,
  }
}

function send(client: EarshotClient, outgoing: Outgoing, recipientId: string | undefined): Promise<SendAck> {
  const { conversationId, clientMessageId, content, voiceMessage } = outgoing
  if (recipientId === undefined) {
    const groupId = conversationId
    return voiceMessage
      ? client.sendGroupMessage({ groupId, messageType: 'voice', voiceMessage, clientMessageId })
      : client.sendGroupMessage({ groupId, messageType: 'text', content, clientMessageId })
  }
  return voiceMessage
    ? client.sendVoiceMessage({ recipientId, voiceMessage, clientMessageId })
    : client.sendMessage({ recipientId, messageType: 'text', content, clientMessageId })
}
