import { ActionIcon, Text, Textarea } from '@mantine/core'
import { type ClipboardEvent, type KeyboardEvent, lazy, Suspense, useEffect, useRef, useState } from 'react'
import { errorText } from '../../app/error-text.ts'
import { MicrophoneIcon, SendIcon } from '../../app/icons.tsx'
import { useServices } from '../../app/services.ts'
import { useLimits } from '../../app/use-limits.ts'
import { useHoldToRecord } from '../voice/use-hold-to-record.ts'
import voiceClasses from '../voice/voice.module.css'
import { addressOf } from './address.ts'
import { AttachButton } from './attach-button.tsx'
import classes from './chat.module.css'
import { useComposing } from './composing.ts'
import { ComposingLine } from './composing-line.tsx'
import { useDraftText } from './draft-texts.ts'
import { sizeText } from './message-text.ts'
import { useVoiceMessage } from './use-voice-message.ts'

const VoiceMessageRecorder = lazy(() => import('../voice/voice-message-recorder.tsx'))

/** On a touch screen focus would bring up a keyboard that covers half of the page. */
const hasKeyboard = window.matchMedia('(pointer: fine)').matches

interface ComposerProps {
  conversationId: string
  title: string
}

export function Composer({ conversationId, title }: ComposerProps) {
  const { chat, client, drafts, session } = useServices()
  const { composing, compose } = useComposing()
  const [draft, setDraft] = useDraftText(session.userId, conversationId)
  const [edited, setEdited] = useState('')
  const [problem, setProblem] = useState<string>()
  const input = useRef<HTMLTextAreaElement>(null)
  const limits = useLimits()
  const address = addressOf(conversationId, session.userId)
  const isEdit = composing?.kind === 'edit'
  // Another wording leaves what was being written.
  const [text, setText] = isEdit ? [edited, setEdited] : [draft, setDraft]
  const replyTo = composing?.kind === 'reply' ? composing.message._id : undefined
  const voice = useVoiceMessage(conversationId, replyTo, () => compose(undefined))
  const hold = useHoldToRecord({
    onStart: voice.start,
    onFree: voice.free,
    onSend: voice.letGo,
    onCancel: voice.close,
  })
  const tooMany = text.trim().length - (limits?.textMaxChars ?? Number.POSITIVE_INFINITY)
  const canSend = text.trim() !== '' && tooMany <= 0

  useEffect(() => {
    if (!composing) return
    if (composing.kind === 'edit') setEdited(composing.message.content)
    input.current?.focus()
  }, [composing])

  function change(next: string) {
    setText(next)
    if (next.trim() === '') client.stoppedTyping(address)
    else if (!isEdit) client.typing(address)
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
    if (!isEdit) {
      chat.send(conversationId, { content, ...(replyTo !== undefined && { replyTo }) })
      return clear()
    }
    try {
      await client.editMessage(composing.message._id, content)
      clear()
    } catch (error) {
      setProblem(errorText(error))
    }
  }

  function attach(files: Iterable<File>) {
    for (const file of files) {
      if (limits && file.size > limits.fileMaxBytes) {
        setProblem(`${file.name} is larger than ${sizeText(limits.fileMaxBytes)}.`)
      } else chat.sendFile(conversationId, file, replyTo)
    }
    if (!isEdit) compose(undefined)
  }

  function endComposing() {
    compose(undefined)
    input.current?.focus()
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === 'Escape' && composing) endComposing()
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    void send()
  }

  function onPaste(event: ClipboardEvent) {
    if (event.clipboardData.files.length === 0) return
    event.preventDefault()
    attach(event.clipboardData.files)
  }

  return (
    <div className={classes.compose}>
      {composing && <ComposingLine composing={composing} onEnd={endComposing} />}
      {problem && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert" px="md" pt="xs">
          {problem}
        </Text>
      )}
      <div className={classes.composer}>
        {voice.open ? (
          <Suspense fallback={<span className={classes.input} />}>
            <VoiceMessageRecorder
              ref={voice.recorder}
              conversationId={conversationId}
              limits={{
                maxSeconds: limits?.voiceMaxSeconds ?? Number.POSITIVE_INFINITY,
                maxBytes: limits?.voiceMaxBytes ?? Number.POSITIVE_INFINITY,
              }}
              drafts={drafts}
              draft={voice.open.draft}
              held={voice.open.held}
              onSend={voice.send}
              onClose={voice.close}
              onRecording={() => client.typing(address, 'voice')}
            />
          </Suspense>
        ) : (
          <>
            <AttachButton onFiles={attach} />
            <Textarea
              ref={input}
              aria-label={`Message to ${title}`}
              placeholder="Write a message"
              className={classes.input}
              size="md"
              radius="lg"
              autosize
              minRows={1}
              maxRows={6}
              autoFocus={hasKeyboard}
              value={text}
              error={tooMany > 0 && `Too long by ${tooMany} ${tooMany === 1 ? 'character' : 'characters'}.`}
              onChange={(event) => change(event.currentTarget.value)}
              onKeyDown={onKeyDown}
              onPaste={onPaste}
            />
          </>
        )}
        {voice.open?.held && (
          <span className={voiceClasses.slideHint} style={{ opacity: 1 - hold.slide }}>
            ‹ Slide to cancel
          </span>
        )}
        {/* It stays where it is under the finger. */}
        {(!voice.open || voice.open.held) && !canSend && (
          <ActionIcon
            className={voiceClasses.hold}
            data-held={voice.open?.held || undefined}
            variant={voice.open?.held ? 'filled' : 'default'}
            size={42}
            radius="xl"
            aria-label="Record a voice message"
            title="Record a voice message"
            {...hold.handlers}
          >
            <MicrophoneIcon />
          </ActionIcon>
        )}
        {!voice.open && canSend && (
          <ActionIcon
            size={42}
            radius="xl"
            aria-label={isEdit ? 'Save' : 'Send'}
            title={isEdit ? 'Save' : 'Send'}
            onClick={() => void send()}
          >
            <SendIcon />
          </ActionIcon>
        )}
      </div>
    </div>
  )
}
