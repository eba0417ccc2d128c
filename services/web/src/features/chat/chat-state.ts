import { applyMessage, emptyMessageList, type MessageList } from '@earshot/client'
import type { Conversation, Message, VoiceInput } from '@earshot/protocol'

export type Loading = 'loading' | 'ready' | 'failed'

/** A message of our own that the server has not acknowledged yet. */
export interface Outgoing {
  clientMessageId: string
  conversationId: string
  content: string
  voiceMessage?: VoiceInput & { url: string }
  createdAt: string
  /** Why it was not sent; while it is on its way there is none. */
  error?: { text: string; canRetry: boolean }
}

export interface ChatState {
  loading: Loading
  /** The one with the newest message first. */
  conversations: readonly Conversation[]
  /** The conversations that have been opened. */
  lists: Readonly<Record<string, MessageList>>
  history: Readonly<Record<string, Loading>>
  outgoing: readonly Outgoing[]
  /** Groups that we are no longer in. */
  left: readonly string[]
}

export const initialChatState: ChatState = {
  loading: 'loading',
  conversations: [],
  lists: {},
  history: {},
  outgoing: [],
  left: [],
}

/** A message from anywhere: an event, an ack. Only opened conversations keep it, each list shows it as its last. */
export function receive(state: ChatState, message: Message, selfId: string): ChatState {
  const { conversationId, clientMessageId } = message
  const list = state.lists[conversationId]
  return {
    ...state,
    conversations: withLastMessage(state.conversations, message, selfId),
    lists: list ? { ...state.lists, [conversationId]: applyMessage(list, message) } : state.lists,
    outgoing:
      message.sender._id === selfId && state.outgoing.some((item) => item.clientMessageId === clientMessageId)
        ? state.outgoing.filter((item) => item.clientMessageId !== clientMessageId)
        : state.outgoing,
  }
}

/** Changes one opened conversation's messages. */
export function changeList(
  state: ChatState,
  conversationId: string,
  change: (list: MessageList) => MessageList,
): ChatState {
  const list = change(state.lists[conversationId] ?? emptyMessageList)
  return { ...state, lists: { ...state.lists, [conversationId]: list } }
}

/** What `GET /chat` says, unless an event has told something newer meanwhile. */
export function withConversations(state: ChatState, fresh: readonly Conversation[]): ChatState {
  const known = new Map(state.conversations.map((conversation) => [conversation._id, conversation]))
  const conversations = fresh.map((conversation) => {
    const before = known.get(conversation._id)
    if (!before || before.headSeq <= conversation.headSeq) return conversation
    return { ...conversation, lastMessage: before.lastMessage, headSeq: before.headSeq }
  })
  return { ...state, loading: 'ready', conversations }
}

function withLastMessage(
  conversations: readonly Conversation[],
  message: Message,
  selfId: string,
): readonly Conversation[] {
  const known = conversations.find((conversation) => conversation._id === message.conversationId)
  if (known && message.seq <= known.headSeq) return conversations
  const base = known ?? newDirect(message, selfId)
  if (!base) return conversations // a group that `GET /chat` will bring, with its name
  const others = conversations.filter((conversation) => conversation !== known)
  return [{ ...base, lastMessage: message, headSeq: message.seq }, ...others]
}

function newDirect(message: Message, selfId: string): Conversation | undefined {
  if (message.recipientId === undefined) return undefined
  const { sender, recipientId } = message
  const other = sender._id === selfId ? { userId: recipientId } : { userId: sender._id, name: sender.name }
  return {
    _id: message.conversationId,
    kind: 'direct',
    members: [{ userId: selfId }, other],
    lastMessage: null,
    unreadCount: 0,
    marks: [],
    headSeq: 0,
  }
}
