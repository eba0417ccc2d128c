import { ActionIcon, Progress, Stack, Text } from '@mantine/core'
import { PauseIcon, PlayIcon } from '../../app/icons.tsx'
import { durationText } from './duration-text.ts'
import { usePlayer } from './use-player.ts'
import classes from './voice.module.css'

interface VoicePlayerProps {
  voice: { url: string; duration: number }
}

export function VoicePlayer({ voice: { url, duration } }: VoicePlayerProps) {
  const { phase, seconds, error, toggle } = usePlayer(url)
  const isPlaying = phase === 'playing'
  const label = isPlaying ? 'Pause' : `Play voice message, ${durationText(duration)}`
  return (
    <div className={classes.voice} data-stored={url.startsWith('/media/')}>
      <div className={classes.player}>
        <ActionIcon size="lg" radius="xl" aria-label={label} loading={phase === 'loading'} onClick={toggle}>
          {isPlaying ? <PauseIcon size={18} /> : <PlayIcon size={18} />}
        </ActionIcon>
        <Stack gap={4} flex={1}>
          <Progress
            value={duration > 0 ? Math.min(100, (seconds / duration) * 100) : 0}
            aria-label="Played"
          />
          <Text size="xs" className={classes.digits}>
            {durationText(seconds)} / {durationText(duration)}
          </Text>
        </Stack>
      </div>
      {error && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {error}
        </Text>
      )}
    </div>
  )
}
