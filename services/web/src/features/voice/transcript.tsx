import { Text, UnstyledButton } from '@mantine/core'
import { useState } from 'react'
import classes from './voice.module.css'

/** Longer ones begin with as many letters; the rest is a press away. */
const shortChars = 180

export function Transcript({ text }: { text: string }) {
  const [open, setOpen] = useState(false)
  const isLong = text.length > shortChars
  const shown = isLong && !open ? `${text.slice(0, shortChars).trimEnd()}…` : text
  return (
    <div className={classes.transcript}>
      <p>{shown}</p>
      {isLong && (
        <UnstyledButton aria-expanded={open} onClick={() => setOpen(!open)}>
          <Text component="span" size="sm" fw={500}>
            {open ? 'Show less' : 'Show all that was said'}
          </Text>
        </UnstyledButton>
      )}
    </div>
  )
}
