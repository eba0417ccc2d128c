import { applyMessages, emptyMessageList } from '@earshot/client'
import type { Message } from '@earshot/protocol'
import t from 'tap'
import { type ChatState, initialChatState } from '../src/features/chat/chat-state.ts'
import { refreshed, unplayedConversations } from '../src/features/chat/played-meanwhile.ts'

const voiceMessage = { url: '/media/x', duration: 3, mimeType: 'audio/webm', size: 9 }

function message(conversationId: string, seq: number, change: Partial<Message> = {}): Message {
  return {
    _id: `${conversationId}${seq}`,
    conversationId,
    seq,
    sender: { _id: 'ann', name: 'Ann' },
    groupId: conversationId,
    messageType: 'text',
    content: '',
    createdAt: new Date(seq).toISOString(),
    status: 'sent',
    ...change,
  }
}

const listOf = (...messages: Message[]) => applyMessages(emptyMessageList, messages)
const played = { voiceMessage: { ...voiceMessage, playedBy: ['bob'] } }

t.test(
  'who was away learns what was played, of messages that are there, and no page makes a hole',
  async (t) => {
    const state: ChatState = {
      ...initialChatState,
      lists: {
        voice: listOf(message('voice', 7), message('voice', 8, { voiceMessage })),
        done: listOf(message('done', 1, played)),
        text: listOf(message('text', 1)),
        old: listOf(message('old', 1, { voiceMessage }), message('old', 2), message('old', 3)),
        cached: listOf(message('cached', 1, { voiceMessage })),
      },
      history: { voice: 'ready', done: 'ready', text: 'ready', old: 'ready' },
    }
    t.strictSame(unplayedConversations(state, 2), ['voice'])
    const page = { messages: [message('voice', 8, played), message('voice', 12)], headSeq: 12 }
    const next = refreshed(state, 'voice', page)
    t.strictSame(
      next.lists.voice?.messages.map((known) => [known.seq, known.voiceMessage?.playedBy]),
      [
        [7, undefined],
        [8, ['bob']],
      ],
    )
    t.strictSame(unplayedConversations(next, 2), [])
  },
)
