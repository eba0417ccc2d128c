import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { type KeyboardEvent, useEffect, useState } from 'react'
import { SendIcon } from '../../app/icons.tsx'
import { durationText } from './duration-text.ts'
import type { VoiceRecording } from './recording.ts'
import { useRecorder } from './use-recorder.ts'
import classes from './voice.module.css'

interface VoiceRecorderProps {
  onSend: (voice: VoiceRecording) => void
  onClose: () => void
  /** Now and then while it goes on. */
  onRecording: () => void
}

export default function VoiceRecorder({ onSend, onClose, onRecording }: VoiceRecorderProps) {
  const { state, send, retry } = useRecorder(onSend)
  const isRecording = state.phase === 'recording'

  // biome-ignore lint/correctness/useExhaustiveDependencies: said again while it goes on, whoever listens.
  useEffect(() => {
    if (!isRecording) return
    onRecording()
    const timer = setInterval(onRecording, 2_000)
    return () => clearInterval(timer)
  }, [isRecording])

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === 'Escape') onClose()
  }

  if (state.phase === 'failed') {
    return (
      <Alert color="red" role="alert" flex={1}>
        <Stack gap="xs">
          {state.reason}
          <Group gap="xs">
            <Button size="xs" variant="default" onClick={retry}>
              Try again
            </Button>
            <Button size="xs" variant="subtle" color="gray" onClick={onClose}>
              Close
            </Button>
          </Group>
        </Stack>
      </Alert>
    )
  }
  return (
    <Group flex={1} miw={0} gap="xs" justify="space-between" wrap="nowrap" onKeyDown={onKeyDown} mih={42}>
      <Group gap="xs" wrap="nowrap" miw={0}>
        {state.phase === 'starting' && <Text role="status">Waiting for the microphone…</Text>}
        {state.phase === 'recording' && <Elapsed startedAt={state.startedAt} />}
        {state.phase === 'ended' && (
          <Text role="status">
            Recorded {durationText(state.voice.duration)}: that is as long as it can be.
          </Text>
        )}
      </Group>
      <Group gap="xs" wrap="nowrap" flex="none">
        <Button variant="default" radius="xl" onClick={onClose}>
          Cancel
        </Button>
        {state.phase !== 'starting' && (
          <Button radius="xl" leftSection={<SendIcon size={16} />} autoFocus onClick={send}>
            Send
          </Button>
        )}
      </Group>
    </Group>
  )
}

function Elapsed({ startedAt }: { startedAt: number }) {
  const [now, setNow] = useState(startedAt)
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 200)
    return () => clearInterval(timer)
  }, [])
  return (
    <>
      <span className={classes.recordingDot} aria-hidden="true" />
      <Text truncate>Recording</Text>
      <Text role="timer" className={classes.digits}>
        {durationText((now - startedAt) / 1_000)}
      </Text>
    </>
  )
}
