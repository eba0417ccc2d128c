import type { Message } from '@earshot/protocol'
import { Group, Text, UnstyledButton } from '@mantine/core'
import { useServices } from '../../app/services.ts'
import { openConversation } from '../../app/use-route.ts'
import people from '../people/people.module.css'
import { summaryText, timeText } from './message-text.ts'

/** What the search found in messages, below the chats that it found by name. */
export function FoundMessages({ messages }: { messages: readonly Message[] }) {
  const { chat } = useServices()
  if (messages.length === 0) return null

  function open(message: Message) {
    void chat.show(message)
    openConversation(message.conversationId)
  }

  return (
    <section aria-label="Messages that were found">
      <Text size="sm" fw={600} px="md" pt="sm">
        Messages
      </Text>
      <ul className={people.plain}>
        {messages.map((message) => (
          <li key={message._id}>
            <UnstyledButton className={people.row} onClick={() => open(message)}>
              <span className={people.words}>
                <Group component="span" justify="space-between" gap="xs" wrap="nowrap">
                  <Text component="span" size="sm" fw={500} truncate>
                    {message.sender.name}
                  </Text>
                  <Text component="time" dateTime={message.createdAt} size="xs" c="dimmed" flex="none">
                    {timeText(message.createdAt)}
                  </Text>
                </Group>
                <Text component="span" size="sm" c="dimmed" lineClamp={2}>
                  {message.voiceMessage?.transcript ?? summaryText(message)}
                </Text>
              </span>
            </UnstyledButton>
          </li>
        ))}
      </ul>
    </section>
  )
}
