import { emptyMessageList, hasOlder, type MessageList } from '@earshot/client'
import type { Conversation, Message } from '@earshot/protocol'
import { useCallback, useEffect, useMemo, useState } from 'react'
import { useServices } from '../../app/services.ts'
import { useStore } from '../../app/store.ts'
import { otherMember } from './address.ts'
import type { Loading, Outgoing } from './chat-state.ts'

export interface OpenConversation {
  /** What is in view. */
  list: MessageList
  /** What was said last, in view or not. */
  newest: MessageList
  /** Counts the parts that were gone to. */
  view: number
  /** Its end is among what is in view. */
  isAtNewest: boolean
  /** The message to go to. */
  wanted: string | undefined
  loading: Loading
  outgoing: readonly Outgoing[]
  hasOlder: boolean
  loadOlder: () => void
  loadNewer: () => void
}

export function useConversation(conversationId: string): OpenConversation {
  const { chat } = useServices()
  useEffect(() => void chat.open(conversationId), [chat, conversationId])
  const newest = useStore(chat.state, (state) => state.lists[conversationId] ?? emptyMessageList)
  const around = useStore(chat.state, (state) => state.around[conversationId])
  const view = useStore(chat.state, (state) => state.views[conversationId] ?? 0)
  const wanted = useStore(chat.state, (state) =>
    state.wanted?.conversationId === conversationId ? state.wanted.messageId : undefined,
  )
  const loading = useStore(chat.state, (state) => state.history[conversationId] ?? 'loading')
  const allOutgoing = useStore(chat.state, (state) => state.outgoing)
  const isAtNewest = around === undefined
  const outgoing = useMemo(
    () => (isAtNewest ? allOutgoing.filter((item) => item.conversationId === conversationId) : []),
    [allOutgoing, conversationId, isAtNewest],
  )
  const list = around ?? newest
  return {
    list,
    newest,
    view,
    isAtNewest,
    wanted,
    loading,
    outgoing,
    hasOlder: hasOlder(list),
    loadOlder: () => void chat.loadOlder(conversationId),
    loadNewer: () => void chat.loadNewer(conversationId),
  }
}

export interface ConversationInfo {
  title: string
  /** The other one of a conversation between two. */
  otherId: string | undefined
}

/** Who or what a known conversation is with. */
export function infoOf({ _id, name, members }: Conversation, selfId: string): ConversationInfo {
  const otherId = otherMember(_id, selfId)
  if (otherId === selfId) return { title: 'Notes to yourself', otherId }
  const other = members.find((member) => member.userId === otherId)
  return { title: (otherId === undefined ? name : (other?.name ?? '…')) ?? 'Group', otherId }
}

/** The same also before its first message, when the list of chats does not have it. */
export function useConversationInfo(conversationId: string): ConversationInfo {
  const { chat, session } = useServices()
  const conversation = useStore(chat.state, ({ conversations }) =>
    conversations.find((candidate) => candidate._id === conversationId),
  )
  const otherId = otherMember(conversationId, session.userId)
  const knownName = conversation?.members.find((member) => member.userId === otherId)?.name
  const title = useUserName(otherId, knownName)
  if (conversation && (knownName !== undefined || otherId === undefined || otherId === session.userId)) {
    return infoOf(conversation, session.userId)
  }
  if (otherId === session.userId) return { title: 'Notes to yourself', otherId }
  return { title: otherId === undefined ? 'Group' : title, otherId }
}

/** Somebody is writing or recording, in words; nothing when nobody is. */
export function useTypingText(conversationId: string): string {
  const { chat } = useServices()
  const typing = useStore(chat.state, (state) => state.typing[conversationId])
  const active = Object.values(typing ?? {})
  const [first] = active
  if (!first) return ''
  if (active.length > 1) return `${active.map(({ name }) => name).join(' and ')} are writing…`
  return first.activity === 'voice'
    ? `${first.name} is recording a voice message…`
    : `${first.name} is writing…`
}

/**
 * How far our own message has got: in a conversation between two the other's marks tell, in a group what the server
 * said when it was loaded, and whether anybody has read it since.
 */
export function useStatus(message: Message): Message['status'] {
  const { chat, session } = useServices()
  const marks = useStore(chat.state, (state) => state.marks[message.conversationId])
  const others = Object.values(marks ?? {}).filter(({ userId }) => userId !== session.userId)
  if (message.status === 'read' || others.some(({ readSeq }) => readSeq >= message.seq)) return 'read'
  const isDelivered = others.some(({ deliveredSeq }) => deliveredSeq >= message.seq)
  return isDelivered ? 'delivered' : message.status
}

/** While its end is in view, what comes is read. Gives the first `seq` that was unread when it was opened. */
export function useReading(conversationId: string, headSeq: number, isAtNewest: boolean): number | undefined {
  const { chat } = useServices()
  const [firstUnread] = useState(() => {
    const conversation = chat.state.get().conversations.find(({ _id }) => _id === conversationId)
    if (!conversation || conversation.unreadCount === 0) return undefined
    return conversation.headSeq - conversation.unreadCount + 1
  })
  const look = useCallback(() => {
    const isSeen = isAtNewest && document.visibilityState === 'visible' && document.hasFocus()
    if (isSeen) chat.markRead(conversationId)
  }, [chat, conversationId, isAtNewest])
  // biome-ignore lint/correctness/useExhaustiveDependencies: every further message is looked at.
  useEffect(look, [look, headSeq])
  useEffect(() => {
    window.addEventListener('focus', look)
    document.addEventListener('visibilitychange', look)
    return () => {
      window.removeEventListener('focus', look)
      document.removeEventListener('visibilitychange', look)
    }
  }, [look])
  return firstUnread
}

/** Whether we were taken out of the group, or left it, while the page was open. */
export function useHasLeft(conversationId: string): boolean {
  const { chat } = useServices()
  return useStore(chat.state, (state) => state.left.includes(conversationId))
}

function useUserName(userId: string | undefined, known: string | undefined): string {
  const { client } = useServices()
  const [found, setFound] = useState<string>()
  const wanted = known === undefined ? userId : undefined
  useEffect(() => {
    if (wanted === undefined) return
    let current = true
    client.http.lastSeen(wanted).then(
      (user) => current && setFound(user.name),
      (error: unknown) => console.warn('Earshot: the name of a person is not known.', error),
    )
    return () => {
      current = false
    }
  }, [client, wanted])
  return known ?? found ?? userId ?? ''
}
