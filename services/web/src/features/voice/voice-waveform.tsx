import { useEffect, useRef } from 'react'
import WaveSurfer from 'wavesurfer.js'

interface VoiceWaveformProps {
  /** From 0 to 1. */
  peaks: readonly number[]
  /** Seconds. */
  duration: number
  seconds: number
  /** While it is playing: where it is at this very moment. */
  follow: (() => number) | undefined
  onSeek: (seconds: number) => void
}

export const waveformHeight = 32

/** As many as there are bars on a wide screen: a short recording has fewer of its own. */
const leastPeaks = 64

function stretched(peaks: readonly number[]): number[] {
  const count = Math.max(leastPeaks, peaks.length)
  return Array.from({ length: count }, (_, index) => {
    const at = (index * (peaks.length - 1)) / (count - 1)
    const before = peaks[Math.floor(at)] ?? 0
    const after = peaks[Math.ceil(at)] ?? before
    return before + (after - before) * (at % 1)
  })
}

/** Draws the peaks and takes presses and drags; what sounds is the page's one player. */
export default function VoiceWaveform({ peaks, duration, seconds, follow, onSeek }: VoiceWaveformProps) {
  const container = useRef<HTMLDivElement>(null)
  const surfer = useRef<WaveSurfer>(undefined)
  const seek = useRef(onSeek)
  seek.current = onSeek

  useEffect(() => {
    if (!container.current) return
    const style = getComputedStyle(container.current)
    const wave = WaveSurfer.create({
      container: container.current,
      height: waveformHeight,
      waveColor: style.getPropertyValue('--page-wave'),
      progressColor: style.getPropertyValue('--page-wave-played'),
      cursorWidth: 0,
      barWidth: 2,
      barGap: 2,
      barRadius: 2,
      barMinHeight: 2,
      normalize: true,
      dragToSeek: { debounceTime: 0 },
      autoScroll: false,
      hideScrollbar: true,
      peaks: [stretched(peaks)],
      duration: Math.max(duration, 0.1),
    })
    wave.on('interaction', (time) => seek.current(time))
    surfer.current = wave
    return () => {
      surfer.current = undefined
      wave.destroy()
    }
  }, [peaks, duration])

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new drawing begins at its start.
  useEffect(() => {
    const wave = surfer.current
    if (!wave) return
    const show = (at: number) => wave.setTime(Math.min(at, wave.options.duration ?? at))
    if (!follow) {
      // It draws a moment after it was made.
      const stop = wave.on('ready', () => show(seconds))
      show(seconds)
      return stop
    }
    let frame = requestAnimationFrame(function next() {
      show(follow())
      frame = requestAnimationFrame(next)
    })
    return () => cancelAnimationFrame(frame)
  }, [follow, seconds, peaks, duration])

  return <div ref={container} aria-hidden="true" />
}
