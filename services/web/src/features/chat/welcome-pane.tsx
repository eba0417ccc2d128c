import '@mantine/core/styles/List.css'
import { directConversationId } from '@earshot/client'
import type { DemoPerson } from '@earshot/protocol'
import { Anchor, Button, Center, List, Stack, Text, Title } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useServices } from '../../app/services.ts'
import { openConversation } from '../../app/use-route.ts'
import { demoLink } from '../session/demo-link.ts'

/** What a newcomer sees first on a wide screen. */
export default function WelcomePane() {
  const { session } = useServices()
  const other = useOtherDemoPerson()
  return (
    <Center h="100%" p={{ base: 'md', sm: 'xl' }}>
      <Stack maw={440} gap="md">
        <Title order={2} size="h3">
          {other ? `You are ${session.name}` : 'Talk to somebody'}
        </Title>
        {other ? <DemoSteps other={other} /> : <Steps />}
      </Stack>
    </Center>
  )
}

function Steps() {
  return (
    <>
      <List type="ordered" spacing="xs">
        <List.Item>
          Open <b>People</b> on the left: a green dot says who is online.
        </List.Item>
        <List.Item>Choose a person and write, or press the microphone to record a voice message.</List.Item>
        <List.Item>
          For several people at once, use <b>New group</b> under <b>Chats</b>.
        </List.Item>
      </List>
      <Text c="dimmed" size="sm">
        Alone here? Open Earshot in a private window and create another account there.
      </Text>
    </>
  )
}

function DemoSteps({ other }: { other: DemoPerson }) {
  const { session } = useServices()
  return (
    <>
      <List type="ordered" spacing="sm">
        <List.Item>
          <Anchor href={`/${demoLink(other.username)}`} target="_blank" rel="noopener">
            Open a second window as {other.name}
          </Anchor>{' '}
          and put it beside this one.
        </List.Item>
        <List.Item>
          Write to {other.name} here, and answer there: the ticks say when it was delivered and read.
        </List.Item>
        <List.Item>Press the microphone and say something; play it in the other window.</List.Item>
        <List.Item>Close one window, and see in the other when its person was last seen.</List.Item>
      </List>
      <Button
        style={{ alignSelf: 'flex-start' }}
        onClick={() => openConversation(directConversationId(session.userId, other._id))}
      >
        Write to {other.name}
      </Button>
    </>
  )
}

/** For one demo person the other one. */
function useOtherDemoPerson(): DemoPerson | undefined {
  const { client, session } = useServices()
  const [other, setOther] = useState<DemoPerson>()
  useEffect(() => {
    let current = true
    client.http.demoPeople().then(
      (people) => {
        const isOne = people.some(({ _id }) => _id === session.userId)
        if (current && isOne) setOther(people.find(({ _id }) => _id !== session.userId))
      },
      (error: unknown) => console.warn('Earshot: whether there are demo people is not known.', error),
    )
    return () => {
      current = false
    }
  }, [client, session.userId])
  return other
}
