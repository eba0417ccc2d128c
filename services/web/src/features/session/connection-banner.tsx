import { Group, Loader, Text } from '@mantine/core'
import { useServices } from '../../app/services.ts'
import { useStore } from '../../app/store.ts'
import classes from './connection-banner.module.css'
import { useConnectionState } from './use-connection-state.ts'

export function ConnectionBanner() {
  const { chat, client } = useServices()
  const state = useConnectionState(client)
  const waiting = useStore(
    chat.state,
    ({ outgoing }) => outgoing.filter(({ error }) => error === undefined).length,
  )
  return (
    <div role="status">
      {state === 'disconnected' && (
        <Group className={classes.banner} gap="sm" wrap="nowrap" justify="center">
          <Loader size="xs" color="currentColor" aria-hidden />
          <Text size="sm" fw={500}>
            {waitingText(waiting)}
          </Text>
        </Group>
      )}
    </div>
  )
}

function waitingText(count: number): string {
  if (count === 0) return 'No connection. What you send now goes out when it is back.'
  const what = count === 1 ? '1 message waits' : `${count} messages wait`
  return `No connection. ${what} to be sent when it is back.`
}
