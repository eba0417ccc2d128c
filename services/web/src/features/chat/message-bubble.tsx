import type { Message } from '@earshot/protocol'
import { Text, VisuallyHidden } from '@mantine/core'
import { memo } from 'react'
import { useServices } from '../../app/services.ts'
import { VoicePlayer } from '../voice/voice-player.tsx'
import classes from './chat.module.css'
import { timeText } from './message-text.ts'

interface MessageBubbleProps {
  message: Message
  previous: Message | undefined
}

/** Messages of one person within this time stand together under one name. */
const togetherMs = 5 * 60_000

export const MessageBubble = memo(function MessageBubble({ message, previous }: MessageBubbleProps) {
  const { session } = useServices()
  const own = message.sender._id === session.userId
  const follows =
    previous?.sender._id === message.sender._id &&
    Date.parse(message.createdAt) - Date.parse(previous.createdAt) < togetherMs
  return (
    <li className={classes.message} data-own={own || undefined} data-follows={follows || undefined}>
      {own && <VisuallyHidden>You:</VisuallyHidden>}
      {!own && message.groupId !== undefined && !follows && (
        <Text size="sm" fw={600}>
          {message.sender.name}
        </Text>
      )}
      <div className={classes.bubble} data-own={own || undefined}>
        <MessageContent message={message} />
        <time className={classes.time} dateTime={message.createdAt}>
          {timeText(message.createdAt)}
        </time>
      </div>
    </li>
  )
})

function MessageContent({ message }: { message: Message }) {
  if (message.messageType === 'voice' && message.voiceMessage) {
    return <VoicePlayer voice={message.voiceMessage} />
  }
  if (message.messageType === 'file') return <p className={classes.text}>File: {message.file?.name}</p>
  return <p className={classes.text}>{message.content}</p>
}
