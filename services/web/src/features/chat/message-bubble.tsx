import type { Message } from '@earshot/protocol'
import { ActionIcon, Text, UnstyledButton, VisuallyHidden } from '@mantine/core'
import { lazy, memo, Suspense, useRef, useState } from 'react'
import { DeliveredIcon, MicrophoneIcon, MoreIcon, SentIcon } from '../../app/icons.tsx'
import { useServices } from '../../app/services.ts'
import { useStore } from '../../app/store.ts'
import { useIsPlayed } from '../voice/use-playback.ts'
import classes from './chat.module.css'
import { viewOf } from './history-window.ts'
import { MessageContent } from './message-content.tsx'
import { summaryText, timeText } from './message-text.ts'
import { Reactions } from './reactions.tsx'
import { useStatus } from './use-conversation.ts'
import { useFocusLeftBehind } from './use-focus-left-behind.ts'

const MessageMenu = lazy(() => import('./message-menu.tsx'))

interface MessageBubbleProps {
  message: Message
  previous: Message | undefined
  /** Stands out. */
  isMarked: boolean
}

/** Messages of one person within this time stand together under one name. */
const togetherMs = 5 * 60_000

export const MessageBubble = memo(function MessageBubble({
  message,
  previous,
  isMarked,
}: MessageBubbleProps) {
  const { session } = useServices()
  const own = message.sender._id === session.userId
  const follows =
    previous?.sender._id === message.sender._id &&
    Date.parse(message.createdAt) - Date.parse(previous.createdAt) < togetherMs
  return (
    <div
      className={classes.message}
      data-seq={message.seq}
      data-own={own || undefined}
      data-follows={follows || undefined}
      data-marked={isMarked || undefined}
    >
      {own && <VisuallyHidden>You:</VisuallyHidden>}
      {!own && message.groupId !== undefined && !follows && (
        <Text size="sm" fw={600}>
          {message.sender.name}
        </Text>
      )}
      <div className={classes.line} data-own={own || undefined}>
        <div className={classes.bubble} data-own={own || undefined} data-kind={kindOf(message)}>
          {message.replyTo !== undefined && <Quote message={message} messageId={message.replyTo} />}
          <div className={classes.body}>
            <MessageContent message={message} />
            <span className={classes.time}>
              {message.editedAt !== undefined && 'edited '}
              <time dateTime={message.createdAt}>{timeText(message.createdAt)}</time>
              {own && message.deletedAt === undefined && <Status message={message} />}
            </span>
          </div>
        </div>
        {message.deletedAt === undefined && <More message={message} own={own} />}
      </div>
      <Reactions message={message} />
    </div>
  )
})

/** Whose time of day stands otherwise than behind the text. */
function kindOf({ messageType, file, deletedAt }: Message): 'voice' | 'image' | 'file' | undefined {
  if (deletedAt !== undefined) return undefined
  if (messageType === 'voice') return 'voice'
  if (!file) return undefined
  return file.mimeType.startsWith('image/') ? 'image' : 'file'
}

/** What it answers to, where that is at hand. */
function Quote({ message: { conversationId }, messageId }: { message: Message; messageId: string }) {
  const { chat } = useServices()
  const quoted = useStore(chat.state, (state) =>
    viewOf(state, conversationId)?.messages.find(({ _id }) => _id === messageId),
  )
  if (!quoted) return <blockquote className={classes.quote}>An earlier message</blockquote>
  return (
    <blockquote className={classes.quote}>
      <UnstyledButton onClick={() => void chat.show(quoted)}>
        <b>{quoted.sender.name}</b> {summaryText(quoted)}
      </UnstyledButton>
    </blockquote>
  )
}

const statusText = { sent: 'Sent', delivered: 'Delivered', read: 'Read', played: 'Played' } as const

function Status({ message }: { message: Message }) {
  const mark = useStatus(message)
  const isPlayed = useIsPlayed(message)
  const status = isPlayed && message.messageType === 'voice' ? 'played' : mark
  const Icon = status === 'sent' ? SentIcon : status === 'played' ? MicrophoneIcon : DeliveredIcon
  return (
    <span className={classes.status} data-status={status} title={statusText[status]}>
      <Icon size={14} />
      <VisuallyHidden>{statusText[status]}</VisuallyHidden>
    </span>
  )
}

/** The menu is loaded when it is first asked for. */
function More({ message, own }: { message: Message; own: boolean }) {
  const [wanted, setWanted] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  useFocusLeftBehind(button)
  const target = (
    <ActionIcon
      ref={button}
      className={classes.more}
      variant="subtle"
      color="gray"
      radius="xl"
      aria-label={`More about this message: ${summaryText(message).slice(0, 40)}`}
      aria-haspopup="menu"
      {...(!wanted && { onClick: () => setWanted(true) })}
    >
      <MoreIcon size={18} />
    </ActionIcon>
  )
  if (!wanted) return target
  return (
    <Suspense fallback={target}>
      <MessageMenu message={message} own={own} target={target} button={button} />
    </Suspense>
  )
}
