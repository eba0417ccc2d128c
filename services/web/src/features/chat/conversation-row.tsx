import type { Conversation } from '@earshot/protocol'
import { Badge, Group, Text, UnstyledButton, VisuallyHidden } from '@mantine/core'
import { memo } from 'react'
import { useServices } from '../../app/services.ts'
import { openConversation } from '../../app/use-route.ts'
import people from '../people/people.module.css'
import { PersonAvatar } from '../people/person-avatar.tsx'
import { useStatus, useWatch } from '../people/use-presence.ts'
import { summaryText, timeText } from './message-text.ts'
import { infoOf, useTypingText } from './use-conversation.ts'

interface ConversationRowProps {
  conversation: Conversation
  current: boolean
}

export const ConversationRow = memo(function ConversationRow({
  conversation,
  current,
}: ConversationRowProps) {
  const { session } = useServices()
  const { title, otherId } = infoOf(conversation, session.userId)
  const status = useStatus(otherId)
  const typing = useTypingText(conversation._id)
  const { lastMessage, unreadCount } = conversation
  useWatch(otherId === undefined ? [] : [otherId])
  return (
    <UnstyledButton
      className={people.row}
      data-current={current || undefined}
      aria-current={current || undefined}
      onClick={() => openConversation(conversation._id)}
    >
      <PersonAvatar name={title} userId={otherId} />
      <span className={people.words}>
        <Group component="span" justify="space-between" gap="xs" wrap="nowrap">
          <Text component="span" fw={unreadCount > 0 ? 700 : 500} truncate>
            {title}
            {status?.isOnline && <VisuallyHidden>, online</VisuallyHidden>}
          </Text>
          {lastMessage && (
            <Text component="time" dateTime={lastMessage.createdAt} size="xs" c="dimmed" flex="none">
              {timeText(lastMessage.createdAt)}
            </Text>
          )}
        </Group>
        <Group component="span" justify="space-between" gap="xs" wrap="nowrap">
          <Text component="span" size="sm" c="dimmed" truncate>
            {typing || (lastMessage ? <LastMessage conversation={conversation} /> : 'No messages yet')}
          </Text>
          {unreadCount > 0 && (
            <Badge component="span" size="md" flex="none" circle={unreadCount < 10}>
              {unreadCount < 1_000 ? unreadCount : '999+'}
              <VisuallyHidden> unread</VisuallyHidden>
            </Badge>
          )}
        </Group>
      </span>
    </UnstyledButton>
  )
})

function LastMessage({ conversation: { kind, lastMessage } }: { conversation: Conversation }) {
  const { session } = useServices()
  if (!lastMessage) return null
  const { sender } = lastMessage
  if (sender._id === session.userId) return `You: ${summaryText(lastMessage)}`
  return kind === 'group' ? `${sender.name}: ${summaryText(lastMessage)}` : summaryText(lastMessage)
}
