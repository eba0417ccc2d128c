import { Button, Group, Progress, Text, VisuallyHidden } from '@mantine/core'
import { useServices } from '../../app/services.ts'
import classes from './chat.module.css'
import type { Outgoing } from './chat-state.ts'
import { MessageContent } from './message-content.tsx'

/** Our own message on its way, or stuck, with what can be done about it. */
export function OutgoingBubble({ outgoing }: { outgoing: Outgoing }) {
  const { chat, session } = useServices()
  const { content, voiceMessage, file, upload, error, clientMessageId, conversationId, replyTo, createdAt } =
    outgoing
  const canRetry = error !== undefined && !file

  function retry() {
    chat.discard(clientMessageId)
    const reply = replyTo === undefined ? {} : { replyTo }
    chat.send(conversationId, { content, ...(voiceMessage && { voiceMessage }), ...reply })
  }

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
          {error === undefined && <span className={classes.time}>{upload ? 'Uploading…' : 'Sending…'}</span>}
        </div>
        {upload && (
          <Progress
            className={classes.upload}
            value={(100 * upload.sentBytes) / Math.max(1, upload.totalBytes)}
            aria-label="Sent of the file"
          />
        )}
      </div>
      {upload && !error && (
        <Button size="compact-sm" variant="subtle" color="gray" onClick={() => chat.discard(clientMessageId)}>
          Cancel
        </Button>
      )}
      {error !== undefined && (
        <Group gap="xs" role="alert" justify="flex-end">
          <Text size="sm" c="var(--mantine-color-error)">
            Not sent. {error}
          </Text>
          {canRetry && (
            <Button size="compact-sm" variant="default" onClick={retry}>
              Send again
            </Button>
          )}
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            onClick={() => chat.discard(clientMessageId)}
          >
            Discard
          </Button>
        </Group>
      )}
    </div>
  )
}
