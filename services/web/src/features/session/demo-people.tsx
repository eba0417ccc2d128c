import type { DemoPerson } from '@earshot/protocol'
import { Button, Divider, Group, Stack, Text } from '@mantine/core'
import '@mantine/core/styles/Divider.css'
import { useEffect, useState } from 'react'
import { demoLink } from './demo-link.ts'
import { http } from './use-login.ts'

interface DemoPeopleProps {
  busy: boolean
  onPick: (username: string) => void
}

/** For newcomers: one window each, and they talk within a minute. Only where the operator lets people try it out. */
export function DemoPeople({ busy, onPick }: DemoPeopleProps) {
  const [people, setPeople] = useState<readonly DemoPerson[]>([])
  useEffect(() => {
    let current = true
    http.demoPeople().then(
      (found) => current && setPeople(found),
      (error: unknown) => console.warn('Earshot: whether there are demo people is not known.', error),
    )
    return () => {
      current = false
    }
  }, [])

  // A link of the other window: who it is for is said in the address.
  useEffect(() => {
    const wanted = people.find(({ username }) => window.location.hash === demoLink(username))
    if (!wanted) return
    window.history.replaceState(null, '', window.location.pathname)
    onPick(wanted.username)
  }, [people, onPick])

  if (people.length === 0) return null
  return (
    <Stack gap="xs">
      <Divider label="or just try it" />
      <Group grow gap="xs">
        {people.map(({ username, name }) => (
          <Button key={username} variant="light" disabled={busy} onClick={() => onPick(username)}>
            Be {name}
          </Button>
        ))}
      </Group>
      <Text size="sm" c="dimmed">
        Be one here and the other in a second window, and talk to yourself.
      </Text>
    </Stack>
  )
}
