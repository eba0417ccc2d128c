import { emptyMessageList, hasOlder, type MessageList } from '@earshot/client'
import { useEffect, useMemo, useState } from 'react'
import { useServices } from '../../app/services.ts'
import { useStore } from '../../app/store.ts'
import type { Loading, Outgoing } from './chat-state.ts'
import { otherMember } from './deliver.ts'

export interface OpenConversation {
  list: MessageList
  loading: Loading
  outgoing: readonly Outgoing[]
  hasOlder: boolean
  loadOlder: () => void
}

export function useConversation(conversationId: string): OpenConversation {
  const { chat } = useServices()
  useEffect(() => void chat.open(conversationId), [chat, conversationId])
  const list = useStore(chat.state, (state) => state.lists[conversationId] ?? emptyMessageList)
  const loading = useStore(chat.state, (state) => state.history[conversationId] ?? 'loading')
  const allOutgoing = useStore(chat.state, (state) => state.outgoing)
  const outgoing = useMemo(
    () => allOutgoing.filter((item) => item.conversationId === conversationId),
    [allOutgoing, conversationId],
  )
  return {
    list,
    loading,
    outgoing,
    hasOlder: hasOlder(list),
    loadOlder: () => void chat.loadOlder(conversationId),
  }
}

export interface ConversationInfo {
  title: string
  /** The other one of a conversation between two. */
  otherId: string | undefined
}

/** Who or what it is with, also before its first message, when the list of chats does not have it. */
export function useConversationInfo(conversationId: string): ConversationInfo {
  const { chat, session } = useServices()
  const conversations = useStore(chat.state, (state) => state.conversations)
  const conversation = conversations.find((candidate) => candidate._id === conversationId)
  const otherId = otherMember(conversationId, session.userId)
  const knownName = conversation?.members.find((member) => member.userId === otherId)?.name
  const name = useUserName(otherId, knownName)
  if (otherId === session.userId) return { title: 'Notes to yourself', otherId }
  return { title: otherId === undefined ? (conversation?.name ?? 'Group') : name, otherId }
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
