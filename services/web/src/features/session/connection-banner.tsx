import { Group, Loader, Text } from '@mantine/core'
import { useServices } from '../../app/services.ts'
import classes from './connection-banner.module.css'
import { useConnectionState } from './use-connection-state.ts'

export function ConnectionBanner() {
  const { client } = useServices()
  const state = useConnectionState(client)
  return (
    <div role="status">
      {state === 'disconnected' && (
        <Group className={classes.banner} gap="sm" wrap="nowrap" justify="center">
          <Loader size="xs" color="currentColor" aria-hidden />
          <Text size="sm" fw={500}>
            No connection. What you send now goes out when it is back.
          </Text>
        </Group>
      )}
    </div>
  )
}
