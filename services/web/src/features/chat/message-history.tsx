import { Alert, Button, Loader, Stack, Text, VisuallyHidden } from '@mantine/core'
import { Fragment } from 'react'
import { useServices } from '../../app/services.ts'
import classes from './chat.module.css'
import { MessageBubble } from './message-bubble.tsx'
import { dayText, isSameDay, summaryText } from './message-text.ts'
import { OutgoingBubble } from './outgoing-bubble.tsx'
import { type OpenConversation, useConversation, useReading } from './use-conversation.ts'
import { useScrollToOwn } from './use-scroll-to-own.ts'

interface MessageHistoryProps {
  conversationId: string
  title: string
}

export function MessageHistory({ conversationId, title }: MessageHistoryProps) {
  const conversation = useConversation(conversationId)
  const { list, loading, outgoing } = conversation
  const firstUnread = useReading(conversationId, list.headSeq)
  const scroll = useScrollToOwn(outgoing.at(-1)?.clientMessageId)
  const isEmpty = list.messages.length === 0 && outgoing.length === 0
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard. */}
      <section ref={scroll} className={classes.scroll} tabIndex={0} aria-label="Messages">
        <div className={classes.history}>
          <Older conversation={conversation} />
          {isEmpty && loading === 'ready' && (
            <Text c="dimmed" ta="center" my="auto">
              Nothing here yet. Say hello to {title}.
            </Text>
          )}
          <ol className={classes.messages}>
            {list.messages.map((message, index) => {
              const previous = list.messages[index - 1]
              const isNewDay = !previous || !isSameDay(previous.createdAt, message.createdAt)
              return (
                <Fragment key={message._id}>
                  {isNewDay && <Divider text={dayText(message.createdAt)} />}
                  {message.seq === firstUnread && <Divider text="New messages" isNew />}
                  <MessageBubble message={message} previous={isNewDay ? undefined : previous} />
                </Fragment>
              )
            })}
            {outgoing.map((item) => (
              <OutgoingBubble key={item.clientMessageId} outgoing={item} />
            ))}
          </ol>
        </div>
      </section>
      <Announcement conversation={conversation} />
    </>
  )
}

function Divider({ text, isNew = false }: { text: string; isNew?: boolean }) {
  return (
    <li className={classes.divider} data-new={isNew || undefined}>
      {text}
    </li>
  )
}

function Older({ conversation: { list, loading, hasOlder, loadOlder } }: { conversation: OpenConversation }) {
  if (loading === 'loading') return <Loader size="sm" mx="auto" my="md" aria-label="Messages are loading" />
  if (loading === 'failed') {
    return (
      <Alert color="red" role="alert" m="md">
        <Stack align="flex-start" gap="xs">
          The messages could not be loaded.
          <Button size="xs" variant="default" onClick={loadOlder}>
            Try again
          </Button>
        </Stack>
      </Alert>
    )
  }
  if (!hasOlder || list.messages.length === 0) return null
  return (
    <Button variant="subtle" size="xs" mx="auto" onClick={loadOlder}>
      Load older messages
    </Button>
  )
}

/** For screen readers: what others just wrote. */
function Announcement({ conversation: { list } }: { conversation: OpenConversation }) {
  const { session } = useServices()
  const last = list.messages.at(-1)
  const text = last && last.sender._id !== session.userId ? `${last.sender.name}: ${summaryText(last)}` : ''
  return <VisuallyHidden role="status">{text}</VisuallyHidden>
}
