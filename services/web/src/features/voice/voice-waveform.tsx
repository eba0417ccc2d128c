import { useComputedColorScheme } from '@mantine/core'
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

const barPx = 4

/** At least as many as there are bars: a short recording has fewer of its own. */
function stretched(peaks: readonly number[], bars: number): number[] {
  const count = Math.max(2, bars, peaks.length)
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
  const scheme = useComputedColorScheme()
  seek.current = onSeek

  // biome-ignore lint/correctness/useExhaustiveDependencies: other colours are drawn anew.
  useEffect(() => {
    if (!container.current) return
    const style = getComputedStyle(container.current)
    const wave = WaveSurfer.create({
      container: container.current,
      height: waveformHeight,
      waveColor: style.getPropertyValue('--page-wave'),
      progressColor: style.getPropertyValue('--page-wave-played'),
      cursorWidth: 0,
      barWidth: barPx / 2,
      barGap: barPx / 2,
      barRadius: 2,
      barMinHeight: 2,
      normalize: true,
      dragToSeek: { debounceTime: 0 },
      autoScroll: false,
      hideScrollbar: true,
      peaks: [stretched(peaks, Math.floor(container.current.clientWidth / barPx))],
      duration: Math.max(duration, 0.1),
    })
    wave.on('interaction', (time) => seek.current(time))
    surfer.current = wave
    return () => {
      surfer.current = undefined
      wave.destroy()
    }
  }, [peaks, duration, scheme])

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
  }, [follow, seconds, peaks, duration, scheme])

  return <div ref={container} aria-hidden="true" />
}
