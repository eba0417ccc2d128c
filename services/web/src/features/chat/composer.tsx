import { ActionIcon, Textarea } from '@mantine/core'
import { type KeyboardEvent, lazy, Suspense, useRef, useState } from 'react'
import { MicrophoneIcon, SendIcon } from '../../app/icons.tsx'
import { useServices } from '../../app/services.ts'
import { useLimits } from '../../app/use-limits.ts'
import type { VoiceRecording } from '../voice/recording.ts'
import classes from './chat.module.css'

const VoiceRecorder = lazy(() => import('../voice/voice-recorder.tsx'))

/** On a touch screen focus would bring up a keyboard that covers half of the page. */
const hasKeyboard = window.matchMedia('(pointer: fine)').matches

interface ComposerProps {
  conversationId: string
  title: string
}

export function Composer({ conversationId, title }: ComposerProps) {
  const { chat } = useServices()
  const [text, setText] = useState('')
  const [recording, setRecording] = useState(false)
  const input = useRef<HTMLTextAreaElement>(null)
  const hasRecorded = useRef(false)
  const tooMany = text.trim().length - (useLimits()?.textMaxChars ?? Number.POSITIVE_INFINITY)
  const canSend = text.trim() !== '' && tooMany <= 0

  function send() {
    if (!canSend) return
    chat.send(conversationId, { content: text.trim() })
    setText('')
    input.current?.focus()
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    send()
  }

  function sendVoice(voiceMessage: VoiceRecording) {
    chat.send(conversationId, { content: '', voiceMessage })
    setRecording(false)
  }

  if (recording) {
    hasRecorded.current = true
    return (
      <div className={classes.composer}>
        <Suspense fallback={null}>
          <VoiceRecorder onSend={sendVoice} onClose={() => setRecording(false)} />
        </Suspense>
      </div>
    )
  }
  return (
    <div className={classes.composer}>
      <Textarea
        ref={input}
        aria-label={`Message to ${title}`}
        placeholder="Write a message"
        className={classes.input}
        size="md"
        autosize
        minRows={1}
        maxRows={6}
        autoFocus={hasKeyboard && !hasRecorded.current}
        value={text}
        error={tooMany > 0 && `Too long by ${tooMany} ${tooMany === 1 ? 'character' : 'characters'}.`}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <ActionIcon
        variant="default"
        size={42}
        radius="xl"
        aria-label="Record a voice message"
        title="Record a voice message"
        autoFocus={hasRecorded.current}
        onClick={() => setRecording(true)}
      >
        <MicrophoneIcon />
      </ActionIcon>
      <ActionIcon size={42} radius="xl" aria-label="Send" title="Send" disabled={!canSend} onClick={send}>
        <SendIcon />
      </ActionIcon>
    </div>
  )
}
