import { ActionIcon, Text, UnstyledButton } from '@mantine/core'
import { CloseIcon, PauseIcon, PlayIcon } from '../../app/icons.tsx'
import { useServices } from '../../app/services.ts'
import { openConversation } from '../../app/use-route.ts'
import { durationText } from './duration-text.ts'
import { SpeedButton } from './speed-button.tsx'
import { usePlayback } from './use-playback.ts'
import classes from './voice.module.css'

/** What plays on while another conversation is open, or none. */
export function MiniPlayer({ openId }: { openId: string | undefined }) {
  const { playback } = useServices()
  const { track, phase, seconds } = usePlayback()
  if (!track || track.conversationId === openId) return null
  const isPlaying = phase === 'playing'
  return (
    <section className={classes.mini} aria-label="Voice message that is playing">
      <ActionIcon
        size="lg"
        radius="xl"
        aria-label={isPlaying ? 'Pause' : 'Go on playing'}
        loading={phase === 'loading'}
        onClick={() => playback.toggle(track)}
      >
        {isPlaying ? <PauseIcon size={18} /> : <PlayIcon size={18} />}
      </ActionIcon>
      <UnstyledButton className={classes.miniWords} onClick={() => openConversation(track.conversationId)}>
        <Text size="sm" fw={500} truncate>
          {track.own ? 'Your voice message' : track.senderName}
        </Text>
        <Text size="xs" c="dimmed" className={classes.digits}>
          {durationText(seconds)} / {durationText(track.duration)}
        </Text>
      </UnstyledButton>
      <SpeedButton />
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label="Stop playing"
        onClick={() => playback.close()}
      >
        <CloseIcon size={18} />
      </ActionIcon>
      <span
        className={classes.miniProgress}
        style={{ width: `${track.duration > 0 ? Math.min(100, (100 * seconds) / track.duration) : 0}%` }}
      />
    </section>
  )
}
