import type { Message, VoiceOutput } from '@earshot/protocol'
import { ActionIcon, Text, VisuallyHidden } from '@mantine/core'
import { type KeyboardEvent, lazy, Suspense, useCallback } from 'react'
import { PauseIcon, PlayIcon } from '../../app/icons.tsx'
import { useServices } from '../../app/services.ts'
import { durationText } from './duration-text.ts'
import { SpeedButton } from './speed-button.tsx'
import { Transcript } from './transcript.tsx'
import { useIsPlayed, usePlaybackOf } from './use-playback.ts'
import classes from './voice.module.css'
import { trackOf } from './voice-tracks.ts'

const VoiceWaveform = lazy(() => import('./voice-waveform.tsx'))

interface VoicePlayerProps {
  message: Message
  voice: VoiceOutput
}

/** What is drawn where nobody has measured the sound. */
const flat: readonly number[] = Array.from({ length: 48 }, () => 0.3)
const keyStepSeconds = 5

export default function VoicePlayer({ message, voice }: VoicePlayerProps) {
  const { playback, session } = useServices()
  const state = usePlaybackOf(message._id)
  const isPlayed = useIsPlayed(message)
  const track = trackOf(message, session.userId)
  const follow = useCallback(() => playback.seconds, [playback])
  if (!track) return null
  const { duration, position, own } = track
  const seconds = state?.seconds ?? position
  const isPlaying = state?.phase === 'playing'
  // A position is kept of what was begun, on whichever device.
  const isNew = !own && !isPlayed && position === 0

  function onKeyDown(event: KeyboardEvent) {
    const to = keySeconds(event.key, seconds, duration)
    if (to === undefined || !track) return
    event.preventDefault()
    playback.seek(track, to)
  }

  return (
    <div className={classes.voice} data-stored={voice.url.startsWith('/media/')}>
      <div className={classes.player}>
        <ActionIcon
          size={40}
          radius="xl"
          aria-label={isPlaying ? 'Pause' : `Play voice message, ${durationText(duration)}`}
          loading={state?.phase === 'loading'}
          onClick={() => playback.toggle(track)}
        >
          {isPlaying ? <PauseIcon size={20} /> : <PlayIcon size={20} />}
        </ActionIcon>
        <div
          className={classes.wave}
          role="slider"
          tabIndex={0}
          aria-label="Position in the voice message"
          aria-valuemin={0}
          aria-valuemax={Math.round(duration)}
          aria-valuenow={Math.round(seconds)}
          aria-valuetext={`${durationText(seconds)} of ${durationText(duration)}`}
          onKeyDown={onKeyDown}
        >
          <Suspense fallback={null}>
            <VoiceWaveform
              peaks={voice.waveform ?? flat}
              duration={duration}
              seconds={seconds}
              follow={isPlaying ? follow : undefined}
              onSeek={(to) => playback.seek(track, to)}
            />
          </Suspense>
        </div>
      </div>
      <div className={classes.detail}>
        <Text size="xs" className={classes.digits}>
          {seconds > 0 ? `${durationText(seconds)} / ${durationText(duration)}` : durationText(duration)}
        </Text>
        {isNew && (
          <span className={classes.unplayed} title="Not played yet">
            <VisuallyHidden>Not played yet</VisuallyHidden>
          </span>
        )}
        {state && <SpeedButton />}
      </div>
      {state?.error !== undefined && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {state.error}
        </Text>
      )}
      {voice.transcript && <Transcript text={voice.transcript} />}
    </div>
  )
}

function keySeconds(key: string, seconds: number, duration: number): number | undefined {
  switch (key) {
    case 'ArrowRight':
    case 'ArrowUp':
      return seconds + keyStepSeconds
    case 'ArrowLeft':
    case 'ArrowDown':
      return seconds - keyStepSeconds
    case 'Home':
      return 0
    case 'End':
      return duration
    default:
      return undefined
  }
}
