import { applyMessages } from '@earshot/client'
import type { HistoryPage } from '@earshot/protocol'
import { type ChatState, changeList } from './chat-state.ts'

/**
 * That a voice message was played is told when it happens. Who was away asks anew for the newest page of these: opened
 * conversations where, as far as is known, one of the last messages was not played.
 */
export function unplayedConversations({ lists, history }: ChatState, pageSize: number): string[] {
  return Object.entries(lists)
    .filter(([conversationId]) => history[conversationId] === 'ready')
    .filter(([, { messages }]) =>
      messages.slice(-pageSize).some(({ voiceMessage }) => voiceMessage && !voiceMessage.playedBy),
    )
    .map(([conversationId]) => conversationId)
}

/** What a page says of messages that are there already. It brings no others: those come by the feed, without holes. */
export function refreshed(state: ChatState, conversationId: string, page: HistoryPage): ChatState {
  return changeList(state, conversationId, (list) => {
    const known = new Set(list.messages.map(({ seq }) => seq))
    return applyMessages(
      list,
      page.messages.filter(({ seq }) => known.has(seq)),
    )
  })
}
