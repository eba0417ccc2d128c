import { UnstyledButton } from '@mantine/core'
import { useServices } from '../../app/services.ts'
import { usePlayback } from './use-playback.ts'
import classes from './voice.module.css'

export function SpeedButton() {
  const { playback } = useServices()
  const { rate } = usePlayback()
  return (
    <UnstyledButton
      className={classes.speed}
      aria-label={`Speed: ${rate}. Change it`}
      onClick={() => playback.nextRate()}
    >
      {rate}×
    </UnstyledButton>
  )
}
