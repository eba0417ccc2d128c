import type { Conversation } from '@earshot/protocol'
import {
  Alert,
  Badge,
  Button,
  Group,
  Loader,
  Stack,
  Text,
  TextInput,
  UnstyledButton,
  VisuallyHidden,
} from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import { GroupIcon } from '../../app/icons.tsx'
import { useServices } from '../../app/services.ts'
import { useStore } from '../../app/store.ts'
import { openConversation } from '../../app/use-route.ts'
import people from '../people/people.module.css'
import { PersonAvatar } from '../people/person-avatar.tsx'
import { useStatus, useWatch } from '../people/use-presence.ts'
import { otherMember } from './address.ts'
import { summaryText, timeText } from './message-text.ts'
import { useConversationInfo, useTypingText } from './use-conversation.ts'

const NewGroupDialog = lazy(() => import('./new-group-dialog.tsx'))

interface ConversationListProps {
  openId: string | undefined
  onFindPeople: () => void
}

export function ConversationList({ openId, onFindPeople }: ConversationListProps) {
  const { chat, session } = useServices()
  const { conversations, loading } = useStore(chat.state, (state) => state)
  const [creating, setCreating] = useState(false)
  const [wanted, setWanted] = useState('')
  useWatch(conversations.flatMap(({ _id }) => otherMember(_id, session.userId) ?? []))
  return (
    <>
      <Stack p="md" pb="xs" gap="xs">
        <Button variant="light" fullWidth leftSection={<GroupIcon />} onClick={() => setCreating(true)}>
          New group
        </Button>
        {conversations.length > 0 && (
          <TextInput
            type="search"
            aria-label="Find chats by name"
            placeholder="Find chats by name"
            value={wanted}
            onChange={(event) => setWanted(event.currentTarget.value)}
          />
        )}
      </Stack>
      {loading === 'loading' && <Loader size="sm" mx="auto" my="md" aria-label="The chats are loading" />}
      {loading === 'failed' && <LoadingFailed onRetry={() => void chat.loadConversations()} />}
      {loading === 'ready' && conversations.length === 0 && <NoChats onFindPeople={onFindPeople} />}
      <ul className={people.list} aria-label="Chats">
        {conversations.map((conversation) => (
          <ConversationRow
            key={conversation._id}
            conversation={conversation}
            current={conversation._id === openId}
            wanted={wanted.trim().toLowerCase()}
          />
        ))}
      </ul>
      {creating && (
        <Suspense fallback={null}>
          <NewGroupDialog onClose={() => setCreating(false)} />
        </Suspense>
      )}
    </>
  )
}

interface ConversationRowProps {
  conversation: Conversation
  current: boolean
  wanted: string
}

function ConversationRow({ conversation, current, wanted }: ConversationRowProps) {
  const { title, otherId } = useConversationInfo(conversation._id)
  const status = useStatus(otherId)
  const typing = useTypingText(conversation._id)
  const { lastMessage, unreadCount } = conversation
  if (!title.toLowerCase().includes(wanted)) return null
  return (
    <li>
      <UnstyledButton
        className={people.row}
        data-current={current || undefined}
        aria-current={current || undefined}
        onClick={() => openConversation(conversation._id)}
      >
        <PersonAvatar name={title} userId={otherId} />
        <span className={people.words}>
          <Group component="span" justify="space-between" gap="xs" wrap="nowrap">
            <Text component="span" fw={500} truncate>
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
    </li>
  )
}

function LastMessage({ conversation: { kind, lastMessage } }: { conversation: Conversation }) {
  const { session } = useServices()
  if (!lastMessage) return null
  const { sender } = lastMessage
  if (sender._id === session.userId) return `You: ${summaryText(lastMessage)}`
  return kind === 'group' ? `${sender.name}: ${summaryText(lastMessage)}` : summaryText(lastMessage)
}

function NoChats({ onFindPeople }: { onFindPeople: () => void }) {
  return (
    <Stack px="md" py="sm" align="flex-start" gap="sm">
      <Text c="dimmed">No chats yet. Pick somebody to write to, or start a group.</Text>
      <Button onClick={onFindPeople}>Find people</Button>
    </Stack>
  )
}

function LoadingFailed({ onRetry }: { onRetry: () => void }) {
  return (
    <Alert color="red" mx="md" role="alert">
      <Stack align="flex-start" gap="xs">
        Your chats could not be loaded.
        <Button size="xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      </Stack>
    </Alert>
  )
}
