import { useEffect, useRef, useState } from 'react'
import { useServices } from '../../app/services.ts'
import type { VoiceRecording } from '../voice/recording.ts'
import type { RecorderHandle } from '../voice/voice-message-recorder.tsx'

/** A recording that is open in place of the text: under a finger, free, or left behind by a reload. */
export interface OpenRecording {
  held: boolean
  draft?: VoiceRecording
}

export function useVoiceMessage(conversationId: string, replyTo: string | undefined, onSent: () => void) {
  const { chat, drafts, playback } = useServices()
  const [open, setOpen] = useState<OpenRecording>()
  const recorder = useRef<RecorderHandle>(null)
  const free = () => setOpen((before) => before && { ...before, held: false })

  useEffect(() => {
    let current = true
    const loadDraft = async () => (await drafts()).load(conversationId)
    loadDraft().then(
      (draft) => current && draft && setOpen((before) => before ?? { held: false, draft }),
      (error: unknown) => console.warn('Earshot: recordings that were not sent cannot be read.', error),
    )
    return () => {
      current = false
    }
  }, [drafts, conversationId])

  function close() {
    void forget()
    setOpen(undefined)
  }

  async function forget() {
    const all = await drafts()
    all.remove(conversationId)
  }

  async function send(voice: VoiceRecording) {
    setOpen(undefined)
    onSent()
    await chat.sendVoice(conversationId, voice, replyTo)
    await forget()
  }

  return {
    open,
    recorder,
    close,
    start: (how: 'held' | 'free') => {
      playback.pause()
      setOpen({ held: how === 'held' })
    },
    free,
    /** The finger let go: what there is goes out, and where there is nothing yet it goes on without the finger. */
    letGo: () => {
      if (!recorder.current?.send()) free()
    },
    send: (voice: VoiceRecording) => void send(voice),
  }
}
