import { Text } from '@mantine/core'
import { useEffect } from 'react'
import { useServices } from '../../app/services.ts'
import { useNow } from '../../app/use-now.ts'
import { lastSeenText } from './last-seen-text.ts'
import { languageOf } from './last-seen-words.ts'
import classes from './people.module.css'
import { useStatus } from './use-presence.ts'

interface LastSeenDisplayProps {
  userId: string
  /** Milliseconds between two questions while no events come. */
  pollMs?: number
}

/** The words grow older with the minute. */
const refreshMs = 20_000

/** A green dot and "Online", or "Last seen 5 minutes ago", in the language that the browser asks for. */
export function LastSeenDisplay({ userId, pollMs = 15_000 }: LastSeenDisplayProps) {
  const { presence } = useServices()
  const status = useStatus(userId)
  const now = useNow(refreshMs)
  useEffect(() => presence.watch([userId], pollMs), [presence, userId, pollMs])
  if (!status) return null
  const language = languageOf(navigator.languages)
  const text = lastSeenText(status, now, language)
  if (text === undefined) return null
  return (
    <Text component="span" size="sm" c="dimmed" truncate lang={language} className={classes.lastSeen}>
      {status.isOnline && <span className={classes.dot} aria-hidden="true" />}
      {status.isOnline || !status.lastSeen ? text : <time dateTime={status.lastSeen}>{text}</time>}
    </Text>
  )
}
