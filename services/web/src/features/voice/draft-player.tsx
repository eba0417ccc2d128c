import { ActionIcon, Text } from '@mantine/core'
import { useCallback, useEffect, useMemo } from 'react'
import { PauseIcon, PlayIcon } from '../../app/icons.tsx'
import { useStore } from '../../app/store.ts'
import { durationText } from './duration-text.ts'
import type { VoiceRecording } from './recording.ts'
import classes from './voice.module.css'
import { type Track, VoicePlayback } from './voice-playback.ts'
import VoiceWaveform from './voice-waveform.tsx'

/** Listening before sending. */
export function DraftPlayer({ voice }: { voice: VoiceRecording }) {
  const playback = useMemo(() => playerOf(voice.blob), [voice.blob])
  const { phase, seconds, error } = useStore(playback.state, (state) => state)
  const follow = useCallback(() => playback.seconds, [playback])
  useEffect(() => () => playback.close(), [playback])
  const isPlaying = phase === 'playing'
  const track: Track = { ...draftTrack, duration: voice.duration }
  return (
    <div className={classes.draft}>
      <ActionIcon
        size={42}
        radius="xl"
        variant="default"
        aria-label={isPlaying ? 'Pause' : `Listen to your recording, ${durationText(voice.duration)}`}
        loading={phase === 'loading'}
        onClick={() => playback.toggle(track)}
      >
        {isPlaying ? <PauseIcon /> : <PlayIcon />}
      </ActionIcon>
      <div className={classes.wave}>
        <VoiceWaveform
          peaks={voice.waveform}
          duration={voice.duration}
          seconds={seconds}
          follow={isPlaying ? follow : undefined}
          onSeek={(to) => playback.seek(track, to)}
        />
      </div>
      <Text size="sm" className={classes.digits} role={error === undefined ? undefined : 'alert'}>
        {error ?? durationText(isPlaying ? seconds : voice.duration)}
      </Text>
    </div>
  )
}

const draftTrack: Track = {
  messageId: 'draft',
  conversationId: '',
  seq: 0,
  url: '',
  duration: 0,
  position: 0,
  senderName: '',
  own: true,
}

function playerOf(blob: Blob): VoicePlayback {
  return new VoicePlayback({
    load: async () => blob,
    next: () => undefined,
    onStarted: () => undefined,
    onPosition: () => undefined,
    explain: () => 'This browser cannot play it.',
  })
}
