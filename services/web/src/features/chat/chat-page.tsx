import { ActionIcon, Stack, Text, Title } from '@mantine/core'
import { useMemo, useState } from 'react'
import { BackIcon } from '../../app/icons.tsx'
import { closeConversation } from '../../app/use-route.ts'
import { LastSeen } from '../people/last-seen.tsx'
import { PersonAvatar } from '../people/person-avatar.tsx'
import { useWatch } from '../people/use-presence.ts'
import classes from './chat.module.css'
import { Composer } from './composer.tsx'
import { type Composing, ComposingContext } from './composing.ts'
import { MessageHistory } from './message-history.tsx'
import { useConversationInfo, useHasLeft, useTypingText } from './use-conversation.ts'
import { useGroup } from './use-group.ts'

interface ChatPageProps {
  conversationId: string
}

export function ChatPage({ conversationId }: ChatPageProps) {
  const { title, otherId } = useConversationInfo(conversationId)
  const hasLeft = useHasLeft(conversationId)
  const typing = useTypingText(conversationId)
  const [composing, compose] = useState<Composing>()
  const composingState = useMemo(() => ({ composing, compose }), [composing])
  useWatch(otherId === undefined ? [] : [otherId])
  return (
    <section className={classes.page} aria-label={`Chat: ${title}`}>
      <header className={classes.header}>
        <ActionIcon
          className={classes.back}
          variant="subtle"
          size="xl"
          aria-label="Back to the chats"
          onClick={closeConversation}
        >
          <BackIcon />
        </ActionIcon>
        <PersonAvatar name={title} />
        <Stack gap={0} miw={0}>
          <Title order={2} size="h5" lineClamp={1}>
            {title}
          </Title>
          {otherId === undefined ? <GroupMembers groupId={conversationId} /> : <LastSeen userId={otherId} />}
        </Stack>
      </header>
      <ComposingContext value={composingState}>
        <MessageHistory conversationId={conversationId} title={title} />
        <Text size="sm" c="dimmed" className={classes.typing} aria-live="polite">
          {typing}
        </Text>
        {hasLeft ? (
          <Text className={classes.composer} role="status">
            You are no longer in this group.
          </Text>
        ) : (
          <Composer conversationId={conversationId} title={title} />
        )}
      </ComposingContext>
    </section>
  )
}

function GroupMembers({ groupId }: { groupId: string }) {
  const group = useGroup(groupId)
  if (!group) return null
  const unnamed = group.size - group.names.length
  const names = group.names.join(', ') + (unnamed > 0 ? ` and ${unnamed} more` : '')
  return (
    <Text size="sm" c="dimmed" truncate title={names}>
      {group.size === 1 ? '1 member' : `${group.size} members`}: {names}
    </Text>
  )
}
