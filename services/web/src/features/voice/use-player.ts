import { useEffect, useRef, useState } from 'react'
import { errorText } from '../../app/error-text.ts'
import { useServices } from '../../app/services.ts'
import { objectUrlOf } from './audio-source.ts'

export type PlayerPhase = 'paused' | 'loading' | 'playing'

/** The one that is playing: a second one that starts pauses it. */
let playing: HTMLAudioElement | undefined

/** Fetches the audio when it is first played and keeps it: stored under another address it is still the same. */
export function usePlayer(url: string) {
  const { client } = useServices()
  const audio = useRef<HTMLAudioElement>(undefined)
  const [phase, setPhase] = useState<PlayerPhase>('paused')
  const [seconds, setSeconds] = useState(0)
  const [error, setError] = useState<string>()

  useEffect(
    () => () => {
      const element = audio.current
      if (!element) return
      audio.current = undefined
      element.pause()
      URL.revokeObjectURL(element.src)
    },
    [],
  )

  async function load(): Promise<HTMLAudioElement> {
    const element = new Audio(await objectUrlOf(url, client.http))
    element.onplay = () => {
      if (playing !== element) playing?.pause()
      playing = element
      setPhase('playing')
    }
    element.onpause = () => setPhase('paused')
    element.onended = () => setSeconds(0)
    element.ontimeupdate = () => setSeconds(element.currentTime)
    return element
  }

  async function toggle() {
    if (phase === 'playing') return audio.current?.pause()
    setError(undefined)
    setPhase('loading')
    try {
      audio.current ??= await load()
      await audio.current.play()
    } catch (failure) {
      setPhase('paused')
      setError(explain(failure))
    }
  }

  return { phase, seconds, error, toggle }
}

function explain(error: unknown): string {
  if (error instanceof DOMException) return 'This browser cannot play the recording.'
  return errorText(error)
}
