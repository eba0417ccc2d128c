import type { Conversation, Message } from '@earshot/protocol'
import t from 'tap'
import { changeList, initialChatState, withLastKnown } from '../src/features/chat/chat-state.ts'

const lastMessage: Message = {
  _id: 'm7',
  conversationId: 'c',
  seq: 7,
  sender: { _id: 'ann', name: 'Ann' },
  groupId: 'c',
  messageType: 'text',
  content: 'The last one',
  createdAt: '2026-01-01T00:00:00.000Z',
  status: 'sent',
}
const conversation: Conversation = {
  _id: 'c',
  kind: 'group',
  name: 'Us',
  members: [],
  lastMessage,
  unreadCount: 0,
  marks: [],
  headSeq: 7,
}
const state = { ...initialChatState, conversations: [conversation] }

t.test('a chat that was never opened shows its last message when no more can be had', async (t) => {
  t.same(withLastKnown(state, 'c').lists.c, { messages: [lastMessage], headSeq: 7 })
  const opened = changeList(state, 'c', () => ({
    messages: [{ ...lastMessage, _id: 'm6', seq: 6 }],
    headSeq: 7,
  }))
  t.equal(withLastKnown(opened, 'c'), opened, 'what is known is more')
  t.equal(withLastKnown(state, 'another'), state)
})
