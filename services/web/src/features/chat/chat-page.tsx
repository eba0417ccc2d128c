import { ActionIcon, Stack, Text, Title, UnstyledButton } from '@mantine/core'
import { lazy, Suspense, useMemo, useState } from 'react'
import { BackIcon } from '../../app/icons.tsx'
import { closeConversation } from '../../app/use-route.ts'
import { useGroup } from '../groups/use-group.ts'
import { LastSeenDisplay } from '../people/last-seen-display.tsx'
import { PersonAvatar } from '../people/person-avatar.tsx'
import classes from './chat.module.css'
import { Composer } from './composer.tsx'
import { type Composing, ComposingContext } from './composing.ts'
import { MessageHistory } from './message-history.tsx'
import { useConversationInfo, useHasLeft, useTypingText } from './use-conversation.ts'

interface ChatPageProps {
  conversationId: string
}

export function ChatPage({ conversationId }: ChatPageProps) {
  const { title, otherId } = useConversationInfo(conversationId)
  const hasLeft = useHasLeft(conversationId)
  const typing = useTypingText(conversationId)
  const [composing, compose] = useState<Composing>()
  const composingState = useMemo(() => ({ composing, compose }), [composing])
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
          {otherId === undefined ? (
            <GroupMembers groupId={conversationId} title={title} />
          ) : (
            <LastSeenDisplay userId={otherId} />
          )}
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

const GroupDialog = lazy(() => import('../groups/group-dialog.tsx'))

/** How many and who; a press tells more, and lets those who may change it. */
function GroupMembers({ groupId, title }: { groupId: string; title: string }) {
  const group = useGroup(groupId)
  const [open, setOpen] = useState(false)
  if (!group) return null
  const unnamed = group.size - group.names.length
  const names = group.names.join(', ') + (unnamed > 0 ? ` and ${unnamed} more` : '')
  return (
    <>
      <UnstyledButton
        className={classes.members}
        title="Members of the group"
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <Text component="span" size="sm" c="dimmed" truncate>
          {group.size === 1 ? '1 member' : `${group.size} members`}: {names}
        </Text>
      </UnstyledButton>
      {open && (
        <Suspense fallback={null}>
          <GroupDialog groupId={groupId} name={title} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  )
}
