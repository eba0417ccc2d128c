import { Text } from '@mantine/core'
import { useEffect } from 'react'
import { useServices } from '../../app/services.ts'
import { useNow } from '../../app/use-now.ts'
import { lastSeenText } from './last-seen-text.ts'
import { languageOf, useWords } from './last-seen-words.ts'
import classes from './people.module.css'
import { useStatus } from './use-presence.ts'

interface LastSeenDisplayProps {
  userId: string
  /** Milliseconds between two questions while no events come. */
  pollMs?: number
  /** False where events are off: then it polls all the time. */
  events?: boolean
}

/** The words grow older with the minute. */
const refreshMs = 20_000

/** A green dot and "Online", or "Last seen 5 minutes ago", in the language that the browser asks for. */
export function LastSeenDisplay({ userId, pollMs = 15_000, events = true }: LastSeenDisplayProps) {
  const { presence } = useServices()
  const status = useStatus(userId)
  const now = useNow(refreshMs)
  const language = languageOf(navigator.languages)
  const words = useWords(language)
  useEffect(() => presence.watch([userId], { pollMs, events }), [presence, userId, pollMs, events])
  if (!status || !words) return null
  const text = lastSeenText(status, now, language, words)
  if (text === undefined) return null
  return (
    <Text
      component="span"
      size="sm"
      c="dimmed"
      truncate
      lang={language}
      dir="auto"
      className={classes.lastSeen}
    >
      {status.isOnline && <span className={classes.dot} aria-hidden="true" />}
      {status.isOnline || !status.lastSeen ? text : <time dateTime={status.lastSeen}>{text}</time>}
    </Text>
  )
}
