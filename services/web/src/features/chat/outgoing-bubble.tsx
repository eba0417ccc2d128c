import { Button, Group, Progress, Text, VisuallyHidden } from '@mantine/core'
import { useServices } from '../../app/services.ts'
import { useConnectionState } from '../session/use-connection-state.ts'
import classes from './chat.module.css'
import type { Outgoing } from './chat-state.ts'
import { MessageContent } from './message-content.tsx'

/** Our own message on its way, or stuck, with what can be done about it. */
export function OutgoingBubble({ outgoing }: { outgoing: Outgoing }) {
  const { chat, client, session } = useServices()
  const { content, voiceMessage, file, upload, error, clientMessageId, conversationId, createdAt } = outgoing
  const isWaiting = useConnectionState(client) !== 'connected'
  const canTakeBack = error === undefined && (upload !== undefined || isWaiting)

  return (
    <div className={classes.message} data-own>
      <VisuallyHidden>You:</VisuallyHidden>
      <div className={classes.bubble} data-own data-kind={voiceMessage ? 'voice' : undefined}>
        <div className={classes.body}>
          <MessageContent
            message={{
              _id: clientMessageId,
              conversationId,
              // It has none yet.
              seq: 0,
              sender: { _id: session.userId, name: session.name },
              createdAt,
              status: 'sent',
              messageType: voiceMessage ? 'voice' : file ? 'file' : 'text',
              content,
              ...(voiceMessage && { voiceMessage: { ...voiceMessage, url: voiceMessage.url ?? '' } }),
              ...(file && { file: { ...file, url: '' } }),
            }}
          />
          {error === undefined && <span className={classes.time}>{stateText(outgoing, isWaiting)}</span>}
        </div>
        {upload && (
          <Progress
            className={classes.upload}
            value={(100 * upload.sentBytes) / Math.max(1, upload.totalBytes)}
            aria-label="Sent of the file"
          />
        )}
      </div>
      {canTakeBack && (
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          onClick={() => void chat.discard(clientMessageId)}
        >
          Cancel
        </Button>
      )}
      {error !== undefined && (
        <Group gap="xs" role="alert" justify="flex-end">
          <Text size="sm" c="var(--mantine-color-error)">
            Not sent. {error}
          </Text>
          <Button size="compact-sm" variant="default" onClick={() => void chat.retry(outgoing)}>
            Send again
          </Button>
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            onClick={() => void chat.discard(clientMessageId)}
          >
            Discard
          </Button>
        </Group>
      )}
    </div>
  )
}

function stateText({ upload }: Outgoing, isWaiting: boolean): string {
  if (isWaiting) return 'Waiting…'
  return upload ? 'Uploading…' : 'Sending…'
}
