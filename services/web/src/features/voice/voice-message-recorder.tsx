import { ActionIcon, Alert, Button, Group, Stack, Text } from '@mantine/core'
import { type KeyboardEvent, type Ref, useEffect, useImperativeHandle, useState } from 'react'
import { DeleteIcon, MicrophoneIcon, PauseIcon, SendIcon } from '../../app/icons.tsx'
import { DraftPlayer } from './draft-player.tsx'
import { durationText } from './duration-text.ts'
import { LevelBars } from './level-bars.tsx'
import type { ActiveRecording, RecordingLimits, VoiceRecording } from './recording.ts'
import { type RecorderState, useRecorder } from './use-recorder.ts'
import classes from './voice.module.css'
import type { VoiceDrafts } from './voice-drafts.ts'

/** What the finger that holds the microphone's button asks for. */
export interface RecorderHandle {
  /** False while there is nothing to send: the microphone is still asked for. */
  send: () => boolean
}

interface VoiceMessageRecorderProps {
  conversationId: string
  limits: RecordingLimits
  drafts: () => Promise<VoiceDrafts>
  draft?: VoiceRecording | undefined
  /** By a finger: it sends by letting go, and needs no buttons. */
  held: boolean
  ref: Ref<RecorderHandle>
  onSend: (voice: VoiceRecording) => void
  /** Thrown away, or there is no microphone. */
  onClose: () => void
  /** Now and then while it goes on. */
  onRecording: () => void
}

export default function VoiceMessageRecorder(props: VoiceMessageRecorderProps) {
  const { held, ref, onClose, onRecording } = props
  const { state, pause, resume, send, retry } = useRecorder({ draft: undefined, ...props })
  const isRecording = state.phase === 'recording'
  useImperativeHandle(ref, () => ({
    send: () => {
      if (isRecording) send()
      return isRecording
    },
  }))

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

  if (state.phase === 'failed') return <Failed reason={state.reason} onRetry={retry} onClose={onClose} />
  return (
    <fieldset className={classes.recorder} aria-label="Voice message" onKeyDown={onKeyDown}>
      {!held && (
        <ActionIcon
          variant="subtle"
          color="gray"
          size={42}
          radius="xl"
          aria-label="Throw the recording away"
          title="Throw the recording away"
          onClick={onClose}
        >
          <DeleteIcon />
        </ActionIcon>
      )}
      <Middle state={state} />
      {!held && state.phase === 'recording' && (
        <ActionIcon variant="default" size={42} radius="xl" aria-label="Pause" title="Pause" onClick={pause}>
          <PauseIcon />
        </ActionIcon>
      )}
      {!held && state.phase === 'review' && state.canGoOn && (
        <ActionIcon
          variant="default"
          size={42}
          radius="xl"
          aria-label="Go on recording"
          title="Go on recording"
          onClick={resume}
        >
          <MicrophoneIcon />
        </ActionIcon>
      )}
      {!held && state.phase !== 'starting' && (
        <ActionIcon size={42} radius="xl" aria-label="Send" title="Send" autoFocus onClick={send}>
          <SendIcon />
        </ActionIcon>
      )}
    </fieldset>
  )
}

function Middle({ state }: { state: RecorderState }) {
  switch (state.phase) {
    case 'recording':
      return <Recording active={state.active} />
    case 'review':
      return <DraftPlayer voice={state.voice} />
    default:
      return (
        <Text role="status" flex={1}>
          Waiting for the microphone…
        </Text>
      )
  }
}

function Recording({ active }: { active: ActiveRecording }) {
  const [seconds, setSeconds] = useState(active.seconds)
  useEffect(() => {
    const timer = setInterval(() => setSeconds(active.seconds()), 200)
    return () => clearInterval(timer)
  }, [active])
  return (
    <div className={classes.recording}>
      <span className={classes.recordingDot} aria-hidden="true" />
      <Text role="timer" aria-label="Recording" className={classes.digits}>
        {durationText(seconds)}
      </Text>
      <LevelBars active={active} />
    </div>
  )
}

interface FailedProps {
  reason: string
  onRetry: () => void
  onClose: () => void
}

function Failed({ reason, onRetry, onClose }: FailedProps) {
  return (
    <Alert color="red" role="alert" flex={1}>
      <Stack gap="xs">
        {reason}
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={onRetry}>
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
