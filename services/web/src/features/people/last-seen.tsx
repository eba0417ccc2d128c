import { Text } from '@mantine/core'
import { useNow } from '../../app/use-now.ts'
import { lastSeenText } from './last-seen-text.ts'
import classes from './people.module.css'
import { useStatus } from './use-presence.ts'

const refreshMs = 20_000

/** "Online" with a green dot, or "Last seen 5 minutes ago". Whoever shows it also watches the person. */
export function LastSeen({ userId }: { userId: string }) {
  const status = useStatus(userId)
  const now = useNow(refreshMs)
  if (!status) return null
  // The words around it are English, so this is too.
  const text = lastSeenText(status, now, document.documentElement.lang)
  return (
    <Text component="span" size="sm" c="dimmed" truncate className={classes.lastSeen}>
      {status.isOnline && <span className={classes.dot} aria-hidden="true" />}
      {status.isOnline || !status.lastSeen ? text : <time dateTime={status.lastSeen}>{text}</time>}
    </Text>
  )
}
