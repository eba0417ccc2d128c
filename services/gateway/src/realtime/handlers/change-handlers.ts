import type { ChangeService } from '@earshot/core/changes/change-service'
import type { ConversationAccess } from '@earshot/core/conversations/access'
import type { RateLimiter } from '@earshot/core/messages/rate-limiter'
import type { ReceiptService } from '@earshot/core/receipts/receipt-service'
import type { Visibility } from '@earshot/core/visibility/visibility'
import { CodedError } from '@earshot/protocol'
import type { EventContext, Handlers } from '../router.ts'
import type { TypingIndicators } from '../typing.ts'

type ChangeEvents = 'edit_message' | 'delete_message' | 'react'
type ReceiptEvents = 'message_delivered' | 'message_read' | 'voice_played'

/** What is done to messages after they were sent. */
export function changeHandlers(changes: ChangeService): Pick<Handlers, ChangeEvents> {
  return {
    edit_message: ({ userId }, payload) => changes.edit(userId, payload),
    delete_message: ({ userId }, payload) => changes.delete(userId, payload),
    react: ({ userId }, payload) => changes.react(userId, payload),
  }
}

export function receiptHandlers(receipts: ReceiptService): Pick<Handlers, ReceiptEvents> {
  const note =
    (kind: 'delivered' | 'read' | 'played') =>
    async ({ userId }: EventContext, payload: { conversationId: string; seq: number }) => {
      await receipts.note(userId, kind, payload)
      return {}
    }
  return { message_delivered: note('delivered'), message_read: note('read'), voice_played: note('played') }
}

export function typingHandlers(deps: {
  typing: TypingIndicators
  access: ConversationAccess
  visibility: Visibility
  rate: RateLimiter
}): Pick<Handlers, 'typing'> {
  return {
    async typing({ socket, userId }, { recipientId, groupId, isTyping, activity = 'text' }) {
      if ((recipientId === undefined) === (groupId === undefined)) {
        throw new CodedError('BAD_REQUEST', 'Either recipientId or groupId.', { field: 'recipientId' })
      }
      deps.rate.take(userId)
      const target =
        recipientId !== undefined
          ? await deps.access.directTarget(userId, recipientId)
          : await deps.access.groupTarget(userId, groupId ?? '')
      // From here on it takes no look-up to tell who may know.
      await deps.visibility.sees(userId, recipientId ?? userId)
      await deps.visibility.rulesOf(userId)
      if (isTyping) deps.typing.start(socket, target, activity)
      else deps.typing.stop(socket, target.conversationId)
      return {}
    },
  }
}
