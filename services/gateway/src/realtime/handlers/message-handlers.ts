import type { ConversationAccess } from '@earshot/core/conversations/access'
import type { HistoryService } from '@earshot/core/messages/history-service'
import type { MessageService, Sender } from '@earshot/core/messages/message-service'
import { directMembers } from '@earshot/protocol'
import { groupRoom, type Subscriptions } from '@earshot/realtime'
import type { EventContext, Handlers } from '../router.ts'

export function messageHandlers(deps: {
  messages: MessageService
  history: HistoryService
  access: ConversationAccess
  subscriptions: Subscriptions
}): Pick<Handlers, 'message' | 'voice_message' | 'group_message' | 'sync'> {
  return {
    message: (context, payload) => deps.messages.sendDirect(sender(context), payload),
    voice_message: (context, payload) => deps.messages.sendVoice(sender(context), payload),
    group_message: (context, payload) => deps.messages.sendToGroup(sender(context), payload),

    /** Subscribed first, read second: what is said in between comes live, and nothing falls between. */
    async sync({ socket, userId }, payload) {
      for (const conversationId of Object.keys(payload.conversations)) {
        if (directMembers(conversationId) || socket.rooms.has(groupRoom(conversationId))) continue
        if (await deps.access.mayRead(userId, conversationId)) await socket.join(groupRoom(conversationId))
      }
      await deps.subscriptions.settled()
      return deps.history.sync(userId, payload)
    },
  }
}

function sender({ socket, userId, name, correlationId }: EventContext): Sender {
  return { userId, name, socketId: socket.id, correlationId }
}
