import type { HistoryService } from '@earshot/core/messages/history-service'
import type { MessageService, Sender } from '@earshot/core/messages/message-service'
import type { RateLimiter } from '@earshot/core/messages/rate-limiter'
import type { VisibilitySettings } from '@earshot/core/visibility/visibility-settings'
import { directMembers, type Limits } from '@earshot/protocol'
import type { GroupRooms } from '../group-rooms.ts'
import type { EventContext, Handlers } from '../router.ts'

export function messageHandlers(deps: {
  messages: MessageService
  history: HistoryService
  groupRooms: GroupRooms
  visibility: VisibilitySettings
  limits: Limits
  rate: RateLimiter
}): Pick<Handlers, 'message' | 'voice_message' | 'group_message' | 'sync'> {
  return {
    message: (context, payload) =>
      deps.visibility.writing(context.userId, payload.recipientId, () =>
        deps.messages.sendDirect(sender(context), payload),
      ),
    voice_message: (context, payload) =>
      deps.visibility.writing(context.userId, payload.recipientId, () =>
        deps.messages.sendVoice(sender(context), payload),
      ),
    group_message: (context, payload) => deps.messages.sendToGroup(sender(context), payload),

    /** Subscribed first, read second: what is said in between comes live, and nothing falls between. */
    async sync({ socket, userId }, payload) {
      deps.rate.take(userId)
      const ids = Object.keys(payload.conversations)
      // More are refused.
      if (ids.length <= deps.limits.syncMaxConversations) {
        await deps.groupRooms.enter(
          socket,
          ids.filter((id) => !directMembers(id)),
        )
      }
      return deps.history.sync(userId, payload)
    },
  }
}

function sender({ socket, userId, name, correlationId }: EventContext): Sender {
  return { userId, name, socketId: socket.id, correlationId }
}
