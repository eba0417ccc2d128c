import { Button, Group, Text, VisuallyHidden } from '@mantine/core'
import { useServices } from '../../app/services.ts'
import { VoicePlayer } from '../voice/voice-player.tsx'
import classes from './chat.module.css'
import type { Outgoing } from './chat-state.ts'

/** Our own message on its way, or stuck, with what can be done about it. */
export function OutgoingBubble({ outgoing }: { outgoing: Outgoing }) {
  const { chat } = useServices()
  const { content, voiceMessage, error, clientMessageId } = outgoing
  return (
    <li className={classes.message} data-own>
      <VisuallyHidden>You:</VisuallyHidden>
      <div className={classes.bubble} data-own>
        {voiceMessage ? <VoicePlayer voice={voiceMessage} /> : <p className={classes.text}>{content}</p>}
        {!error && <span className={classes.time}>Sending…</span>}
      </div>
      {error && (
        <Group gap="xs" role="alert" justify="flex-end">
          <Text size="sm" c="var(--mantine-color-error)">
            Not sent. {error.text}
          </Text>
          {error.canRetry && (
            <Button size="compact-sm" variant="default" onClick={() => chat.retry(outgoing)}>
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
    </li>
  )
}
