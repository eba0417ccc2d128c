import { ActionIcon, CloseButton, Text, Textarea } from '@mantine/core'
import { type ClipboardEvent, type KeyboardEvent, lazy, Suspense, useEffect, useRef, useState } from 'react'
import { errorText } from '../../app/error-text.ts'
import { AttachIcon, MicrophoneIcon, SendIcon } from '../../app/icons.tsx'
import { useServices } from '../../app/services.ts'
import { useLimits } from '../../app/use-limits.ts'
import type { VoiceRecording } from '../voice/recording.ts'
import { addressOf } from './address.ts'
import classes from './chat.module.css'
import { useComposing } from './composing.ts'
import { sizeText, summaryText } from './message-text.ts'

const VoiceRecorder = lazy(() => import('../voice/voice-recorder.tsx'))

/** On a touch screen focus would bring up a keyboard that covers half of the page. */
const hasKeyboard = window.matchMedia('(pointer: fine)').matches

interface ComposerProps {
  conversationId: string
  title: string
}

export function Composer({ conversationId, title }: ComposerProps) {
  const { chat, client, session } = useServices()
  const { composing, compose } = useComposing()
  const [text, setText] = useState('')
  const [problem, setProblem] = useState<string>()
  const [recording, setRecording] = useState(false)
  const input = useRef<HTMLTextAreaElement>(null)
  const files = useRef<HTMLInputElement>(null)
  const hasRecorded = useRef(false)
  const limits = useLimits()
  const address = addressOf(conversationId, session.userId)
  const tooMany = text.trim().length - (limits?.textMaxChars ?? Number.POSITIVE_INFINITY)
  const canSend = text.trim() !== '' && tooMany <= 0

  useEffect(() => {
    if (!composing) return
    if (composing.kind === 'edit') setText(composing.message.content)
    input.current?.focus()
  }, [composing])

  function change(next: string) {
    setText(next)
    if (next.trim() === '') client.stoppedTyping(address)
    else if (composing?.kind !== 'edit') client.typing(address)
  }

  function clear() {
    setText('')
    setProblem(undefined)
    compose(undefined)
    client.stoppedTyping(address)
    input.current?.focus()
  }

  async function send() {
    if (!canSend) return
    const content = text.trim()
    if (composing?.kind === 'edit') {
      try {
        await client.editMessage(composing.message._id, content)
        clear()
      } catch (error) {
        setProblem(errorText(error))
      }
      return
    }
    chat.send(conversationId, { content, ...(composing && { replyTo: composing.message._id }) })
    clear()
  }

  function attach(list: Iterable<File>) {
    for (const file of list) {
      if (limits && file.size > limits.fileMaxBytes) {
        setProblem(`${file.name} is larger than ${sizeText(limits.fileMaxBytes)}.`)
      } else chat.sendFile(conversationId, file)
    }
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === 'Escape' && composing) {
      if (composing.kind === 'edit') setText('')
      compose(undefined)
    }
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    void send()
  }

  function onPaste(event: ClipboardEvent) {
    if (event.clipboardData.files.length === 0) return
    event.preventDefault()
    attach(event.clipboardData.files)
  }

  function sendVoice(voiceMessage: VoiceRecording) {
    const reply = composing?.kind === 'reply' ? { replyTo: composing.message._id } : {}
    chat.send(conversationId, { content: '', voiceMessage, ...reply })
    compose(undefined)
    setRecording(false)
  }

  if (recording) {
    hasRecorded.current = true
    return (
      <div className={classes.composer}>
        <Suspense fallback={null}>
          <VoiceRecorder
            onSend={sendVoice}
            onClose={() => setRecording(false)}
            onRecording={() => client.typing(address, 'voice')}
          />
        </Suspense>
      </div>
    )
  }
  return (
    <div className={classes.compose}>
      {composing && (
        <div className={classes.composing}>
          <Text size="sm" truncate>
            {composing.kind === 'edit' ? 'Edit: ' : `Reply to ${composing.message.sender.name}: `}
            {summaryText(composing.message)}
          </Text>
          <CloseButton
            aria-label={composing.kind === 'edit' ? 'Do not edit' : 'Do not reply'}
            onClick={() => {
              if (composing.kind === 'edit') setText('')
              compose(undefined)
            }}
          />
        </div>
      )}
      {problem && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert" px="md">
          {problem}
        </Text>
      )}
      <div className={classes.composer}>
        <input
          ref={files}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            attach(event.currentTarget.files ?? [])
            event.currentTarget.value = ''
          }}
        />
        <ActionIcon
          variant="default"
          size={42}
          radius="xl"
          aria-label="Attach a file"
          title="Attach a file"
          onClick={() => files.current?.click()}
        >
          <AttachIcon />
        </ActionIcon>
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
          onChange={(event) => change(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
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
        <ActionIcon
          size={42}
          radius="xl"
          aria-label={composing?.kind === 'edit' ? 'Save' : 'Send'}
          title={composing?.kind === 'edit' ? 'Save' : 'Send'}
          disabled={!canSend}
          onClick={() => void send()}
        >
          <SendIcon />
        </ActionIcon>
      </div>
    </div>
  )
}
