import { type RefObject, useCallback, useEffect, useRef, useState } from 'react'
import { microphoneErrorText, missingSupport } from './microphone-error.ts'
import {
  type ActiveRecording,
  type RecordingLimits,
  startRecording,
  type VoiceRecording,
} from './recording.ts'
import type { VoiceDrafts } from './voice-drafts.ts'

export type RecorderState =
  | { phase: 'starting' }
  | { phase: 'recording'; active: ActiveRecording }
  /** Paused, ended at a limit, or left behind by a reload: to be listened to, sent or thrown away. */
  | { phase: 'review'; voice: VoiceRecording; canGoOn: boolean }
  | { phase: 'failed'; reason: string }

interface RecorderOptions {
  conversationId: string
  limits: RecordingLimits
  drafts: () => Promise<VoiceDrafts>
  /** What was recorded before a reload: then nothing is recorded now. */
  draft: VoiceRecording | undefined
  onSend: (voice: VoiceRecording) => void
}

/** Records from the moment it is there; leaving ends it and keeps the draft. */
export function useRecorder({ conversationId, limits, drafts, draft, onSend }: RecorderOptions) {
  const [state, setState] = useState<RecorderState>(() =>
    draft ? { phase: 'review', voice: draft, canGoOn: false } : { phase: 'starting' },
  )
  const [attempt, setAttempt] = useState(0)
  const active = useRef<ActiveRecording>(undefined)
  const sending = useRef(false)
  const latest = useLatest({ limits, onSend })

  // biome-ignore lint/correctness/useExhaustiveDependencies: a further attempt starts over.
  useEffect(() => {
    if (draft && attempt === 0) return
    let current = true
    async function run() {
      setState({ phase: 'starting' })
      const reason = missingSupport()
      if (reason) return setState({ phase: 'failed', reason })
      const kept = await drafts()
      kept.begin(conversationId)
      const recording = await startRecording({
        limits: latest.current.limits,
        onChunk: (chunk, soFar) => kept.add(conversationId, chunk, soFar),
      })
      if (!current) return recording.cancel()
      active.current = recording
      setState({ phase: 'recording', active: recording })
      const voice = await recording.finished
      active.current = undefined
      if (!current) return
      if (sending.current) latest.current.onSend(voice)
      else setState({ phase: 'review', voice, canGoOn: false })
    }
    run().catch((error: unknown) => {
      if (current) setState({ phase: 'failed', reason: microphoneErrorText(error) })
    })
    return () => {
      current = false
      active.current?.cancel()
      active.current = undefined
    }
  }, [attempt])

  const pause = useCallback(async () => {
    const voice = await active.current?.pause()
    if (voice) setState({ phase: 'review', voice, canGoOn: true })
  }, [])

  const resume = useCallback(() => {
    if (!active.current) return
    active.current.resume()
    setState({ phase: 'recording', active: active.current })
  }, [])

  const send = useCallback(() => {
    sending.current = true
    if (active.current) active.current.stop()
    else if (state.phase === 'review') latest.current.onSend(state.voice)
  }, [state, latest])

  return { state, pause, resume, send, retry: () => setAttempt((before) => before + 1) }
}

function useLatest<T>(value: T): RefObject<T> {
  const latest = useRef(value)
  latest.current = value
  return latest
}
