import { Center, List, Stack, Text, Title } from '@mantine/core'

/** What a newcomer sees first on a wide screen. */
export function WelcomePane() {
  return (
    <Center h="100%" p="xl">
      <Stack maw={420} gap="sm">
        <Title order={2} size="h3">
          Talk to somebody
        </Title>
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
          Alone here? Open Earshot in a second tab and create another account: each tab is its own person.
        </Text>
      </Stack>
    </Center>
  )
}
