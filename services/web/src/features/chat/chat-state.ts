import { applyMessage, changed, emptyMessageList, type MessageList } from '@earshot/client'
import type { Change, Conversation, FileRef, Mark, Message, UserTyping, VoiceInput } from '@earshot/protocol'

export type Loading = 'loading' | 'ready' | 'failed'

/** A message of our own that the server has not acknowledged yet. */
export interface Outgoing {
  clientMessageId: string
  conversationId: string
  content: string
  voiceMessage?: VoiceInput
  file?: FileRef
  /** A file that is on its way to the server; its message follows. */
  upload?: { sentBytes: number; totalBytes: number }
  replyTo?: string
  createdAt: string
  /** Why it was not sent; while it is on its way there is none. */
  error?: string
}

export type Activity = Pick<UserTyping, 'name' | 'activity'>

export interface Wanted {
  conversationId: string
  messageId: string
}

export interface ChatState {
  loading: Loading
  /** The one with the newest message first. */
  conversations: readonly Conversation[]
  /** The conversations that have been opened. */
  lists: Readonly<Record<string, MessageList>>
  history: Readonly<Record<string, Loading>>
  /** The part of a conversation that somebody went to, while it has not been joined with the newest messages. */
  around: Readonly<Record<string, MessageList>>
  /** Counts the parts that were gone to: with each the view begins anew. */
  views: Readonly<Record<string, number>>
  /** A message that is to be brought into view. */
  wanted: Wanted | undefined
  outgoing: readonly Outgoing[]
  /** How far the others have got, by conversation and user. */
  marks: Readonly<Record<string, Readonly<Record<string, Mark>>>>
  /** Who is writing or recording, by conversation and user. */
  typing: Readonly<Record<string, Readonly<Record<string, Activity>>>>
  /** Groups that we are no longer in. */
  left: readonly string[]
}

export const initialChatState: ChatState = {
  loading: 'loading',
  conversations: [],
  lists: {},
  history: {},
  around: {},
  views: {},
  wanted: undefined,
  outgoing: [],
  marks: {},
  typing: {},
  left: [],
}

/** A message of the feed: each comes once. Only opened conversations keep it, each list shows it as its last. */
export function receive(state: ChatState, message: Message, selfId: string): ChatState {
  const { conversationId, clientMessageId } = message
  const list = state.lists[conversationId]
  const isOwn = message.sender._id === selfId
  return {
    ...state,
    conversations: withLastMessage(state.conversations, message, selfId),
    lists: list ? { ...state.lists, [conversationId]: applyMessage(list, message) } : state.lists,
    outgoing: isOwn
      ? state.outgoing.filter((item) => item.clientMessageId !== clientMessageId)
      : state.outgoing,
    typing: withTyping(state.typing, conversationId, message.sender._id),
  }
}

/** An edit, a deletion or a reaction, in the list of conversations. */
export function receiveChange(state: ChatState, change: Change): ChatState {
  const { messageId } = change
  return {
    ...state,
    conversations: state.conversations.map((conversation) =>
      conversation.lastMessage?._id === messageId
        ? { ...conversation, lastMessage: changed(conversation.lastMessage, change) }
        : conversation,
    ),
  }
}

/** Marks never move back. Our own, from another device, also says what is read. */
export function receiveMark(state: ChatState, conversationId: string, mark: Mark, selfId: string): ChatState {
  const ofConversation = state.marks[conversationId] ?? {}
  const known = ofConversation[mark.userId]
  const moved: Mark = {
    userId: mark.userId,
    deliveredSeq: Math.max(mark.deliveredSeq, known?.deliveredSeq ?? 0),
    readSeq: Math.max(mark.readSeq, known?.readSeq ?? 0),
  }
  const marks = { ...state.marks, [conversationId]: { ...ofConversation, [mark.userId]: moved } }
  if (mark.userId !== selfId) return { ...state, marks }
  return { ...state, marks, conversations: withRead(state.conversations, conversationId, moved.readSeq) }
}

export function withTyping(
  typing: ChatState['typing'],
  conversationId: string,
  userId: string,
  activity?: Activity,
): ChatState['typing'] {
  const known = typing[conversationId] ?? {}
  if (!activity && !known[userId]) return typing
  const { [userId]: _before, ...others } = known
  return { ...typing, [conversationId]: activity ? { ...others, [userId]: activity } : others }
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

/** Where a conversation's messages cannot be had and none are known: the one that the list of chats shows. */
export function withLastKnown(state: ChatState, conversationId: string): ChatState {
  const conversation = state.conversations.find(({ _id }) => _id === conversationId)
  if (!conversation?.lastMessage || state.lists[conversationId]?.messages.length) return state
  const { lastMessage, headSeq } = conversation
  return changeList(state, conversationId, (list) => ({
    messages: [lastMessage],
    headSeq: Math.max(list.headSeq, headSeq),
  }))
}

/** What `GET /chat` says, unless an event has told something newer meanwhile. */
export function withConversations(
  state: ChatState,
  fresh: readonly Conversation[],
  selfId: string,
): ChatState {
  const known = new Map(state.conversations.map((conversation) => [conversation._id, conversation]))
  const conversations = fresh.map((conversation) => {
    const before = known.get(conversation._id)
    if (!before || before.headSeq <= conversation.headSeq) return conversation
    return { ...conversation, lastMessage: before.lastMessage, headSeq: before.headSeq }
  })
  const loaded: ChatState = { ...state, loading: 'ready', conversations }
  const marks = fresh.flatMap(({ _id, marks }) => marks.map((mark) => ({ _id, mark })))
  return marks
    .filter(({ mark }) => mark.userId !== selfId)
    .reduce((next, { _id, mark }) => receiveMark(next, _id, mark, selfId), loaded)
}

/** What was read up to a `seq` is unread no more. */
export function withRead(
  conversations: readonly Conversation[],
  conversationId: string,
  readSeq: number,
): readonly Conversation[] {
  return conversations.map((conversation) => {
    if (conversation._id !== conversationId || conversation.unreadCount === 0) return conversation
    return {
      ...conversation,
      unreadCount: Math.min(conversation.unreadCount, Math.max(0, conversation.headSeq - readSeq)),
    }
  })
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
  const unreadCount = message.sender._id === selfId ? 0 : base.unreadCount + 1
  return [{ ...base, lastMessage: message, headSeq: message.seq, unreadCount }, ...others]
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
