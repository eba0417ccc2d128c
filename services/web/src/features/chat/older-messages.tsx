import { Button, Loader } from '@mantine/core'
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
  return (
    <div className={classes.older} style={{ height: olderHeight }}>
      {loading === 'loading' && <Loader size="sm" aria-label="Messages are loading" />}
      {loading === 'failed' && (
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
