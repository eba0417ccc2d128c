import { directConversationId, directMembers, type OutboxItem } from '@earshot/client'
import type { Outgoing } from './chat-state.ts'

/** A conversation is one with another person, or a group, whose id is the conversation's. */
export function otherMember(conversationId: string, selfId: string): string | undefined {
  const members = directMembers(conversationId)
  return members && (members.find((userId) => userId !== selfId) ?? selfId)
}

/** Where a message to a conversation is sent. */
export function addressOf(
  conversationId: string,
  selfId: string,
): { recipientId: string } | { groupId: string } {
  const recipientId = otherMember(conversationId, selfId)
  return recipientId === undefined ? { groupId: conversationId } : { recipientId }
}

/** What waits in the SDK's outbox, as the page shows it. */
export function outgoingOf({ clientMessageId, payload, createdAt }: OutboxItem, selfId: string): Outgoing {
  const conversationId =
    'groupId' in payload ? payload.groupId : directConversationId(selfId, payload.recipientId)
  return {
    clientMessageId,
    conversationId,
    content: ('content' in payload && payload.content) || '',
    ...('voiceMessage' in payload && payload.voiceMessage && { voiceMessage: payload.voiceMessage }),
    ...('file' in payload && payload.file && { file: payload.file }),
    ...(payload.replyTo !== undefined && { replyTo: payload.replyTo }),
    createdAt: new Date(createdAt).toISOString(),
  }
}
