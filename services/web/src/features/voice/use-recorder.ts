import { useCallback, useEffect, useRef, useState } from 'react'
import { useServices } from '../../app/services.ts'
import { microphoneErrorText, missingSupport } from './microphone-error.ts'
import {
  type ActiveRecording,
  type RecordingLimits,
  startRecording,
  type VoiceRecording,
} from './recording.ts'

export type RecorderState =
  | { phase: 'starting' }
  | { phase: 'recording'; startedAt: number }
  /** It ended by itself: at a limit, or because the microphone went away. */
  | { phase: 'ended'; voice: VoiceRecording }
  | { phase: 'failed'; reason: string }

/** Records from the moment it is there; leaving throws the recording away. */
export function useRecorder(onSend: (voice: VoiceRecording) => void) {
  const { client } = useServices()
  const [state, setState] = useState<RecorderState>({ phase: 'starting' })
  const [attempt, setAttempt] = useState(0)
  const active = useRef<ActiveRecording>(undefined)
  const sending = useRef(false)
  const onSendRef = useRef(onSend)
  onSendRef.current = onSend

  // biome-ignore lint/correctness/useExhaustiveDependencies: a further attempt starts over.
  useEffect(() => {
    let current = true
    async function run() {
      setState({ phase: 'starting' })
      const reason = missingSupport()
      if (reason) return setState({ phase: 'failed', reason })
      const recording = await startRecording(await limitsOf(client))
      if (!current) return recording.cancel()
      active.current = recording
      setState({ phase: 'recording', startedAt: performance.now() })
      const voice = await recording.finished
      if (sending.current) onSendRef.current(voice)
      else setState({ phase: 'ended', voice })
    }
    run().catch((error: unknown) => {
      if (current) setState({ phase: 'failed', reason: microphoneErrorText(error) })
    })
    return () => {
      current = false
      active.current?.cancel()
      active.current = undefined
    }
  }, [client, attempt])

  const send = useCallback(() => {
    sending.current = true
    if (state.phase === 'ended') onSendRef.current(state.voice)
    else active.current?.stop()
  }, [state])

  return { state, send, retry: () => setAttempt((before) => before + 1) }
}

interface LimitsSource {
  http: { limits: () => Promise<{ voiceMaxSeconds: number; voiceMaxSocketBytes: number }> }
}

async function limitsOf(client: LimitsSource): Promise<RecordingLimits> {
  try {
    const { voiceMaxSeconds, voiceMaxSocketBytes } = await client.http.limits()
    return { maxSeconds: voiceMaxSeconds, maxBytes: voiceMaxSocketBytes }
  } catch (error) {
    console.warn('Earshot: the limits are not known; the server will refuse what is too long.', error)
    return { maxSeconds: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY }
  }
}
