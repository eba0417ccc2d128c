import { Button, Loader } from '@mantine/core'
import { useServices } from '../../app/services.ts'
import classes from './chat.module.css'
import type { OpenConversation } from './use-conversation.ts'

/** Pixels that it takes above the messages, whatever it shows: nothing jumps. */
export const olderHeight = 56

/** Older ones come as one scrolls; the button is for those who do not, and for when loading failed. */
export function OlderMessages({
  conversation: { list, loading, hasOlder, loadOlder },
}: {
  conversation: OpenConversation
}) {
  const { client } = useServices()
  // Without a connection the banner says so, and what is known is there.
  const isFailed = loading === 'failed' && (client.connected || list.messages.length === 0)
  return (
    <div className={classes.older} style={{ height: olderHeight }}>
      {loading === 'loading' && <Loader size="sm" aria-label="Messages are loading" />}
      {isFailed && (
        <span role="alert">
          The messages could not be loaded.{' '}
          <Button size="compact-sm" variant="default" onClick={loadOlder}>
            Try again
          </Button>
        </span>
      )}
      {loading === 'ready' && hasOlder && list.messages.length > 0 && (
        <Button variant="subtle" size="compact-sm" onClick={loadOlder}>
          Load older messages
        </Button>
      )}
    </div>
  )
}
