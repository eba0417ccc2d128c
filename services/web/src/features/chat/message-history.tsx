import { VisuallyHidden } from '@mantine/core'
import { useMemo } from 'react'
import { useServices } from '../../app/services.ts'
import { HistoryView } from './history-view.tsx'
import { summaryText } from './message-text.ts'
import { type OpenConversation, useConversation, useReading } from './use-conversation.ts'

interface MessageHistoryProps {
  conversationId: string
  title: string
}

export function MessageHistory({ conversationId, title }: MessageHistoryProps) {
  const { session } = useServices()
  const conversation = useConversation(conversationId)
  const { list, newest, view, isAtNewest, wanted } = conversation
  const unreadFrom = useReading(conversationId, newest.headSeq, isAtNewest && wanted === undefined)
  const firstUnread = useMemo(() => {
    if (unreadFrom === undefined) return undefined
    return list.messages.find(({ seq, sender }) => seq >= unreadFrom && sender._id !== session.userId)?.seq
  }, [list.messages, unreadFrom, session.userId])
  return (
    <>
      <HistoryView
        key={view}
        conversationId={conversationId}
        conversation={conversation}
        title={title}
        firstUnread={firstUnread}
      />
      <Announcement conversation={conversation} />
    </>
  )
}

/** For screen readers: what others just wrote. */
function Announcement({ conversation: { newest } }: { conversation: OpenConversation }) {
  const { session } = useServices()
  const last = newest.messages.at(-1)
  const text = last && last.sender._id !== session.userId ? `${last.sender.name}: ${summaryText(last)}` : ''
  return <VisuallyHidden role="status">{text}</VisuallyHidden>
}
