import '@mantine/core/styles/Popover.css'
import '@mantine/core/styles/Menu.css'
import type { Message } from '@earshot/protocol'
import { Group, Menu, Text } from '@mantine/core'
import { type ReactElement, type RefObject, useEffect, useRef, useState } from 'react'
import { errorText } from '../../app/error-text.ts'
import { useServices } from '../../app/services.ts'
import { useComposing } from './composing.ts'
import { download } from './download.ts'
import { useFocusLeftBehind } from './use-focus-left-behind.ts'

const quickReactions = ['👍', '❤️', '😂', '😮', '😢', '🙏']

interface MessageMenuProps {
  message: Message
  own: boolean
  target: ReactElement
  /** The target's element: focus comes back to it. */
  button: RefObject<HTMLButtonElement | null>
}

export default function MessageMenu({ message, own, target, button }: MessageMenuProps) {
  const { client, session } = useServices()
  const { compose } = useComposing()
  const [error, setError] = useState<string>()
  const [opened, setOpened] = useState(false)
  const dropdown = useRef<HTMLDivElement>(null)
  useFocusLeftBehind(button, dropdown)

  // What was pressed was another element, while the menu was loaded; the menu remembers where focus was when it opened.
  useEffect(() => {
    button.current?.focus()
    setOpened(true)
  }, [button])

  const mine = new Set(
    (message.reactions ?? []).flatMap(({ emoji, userIds }) =>
      userIds.includes(session.userId) ? emoji : [],
    ),
  )

  async function save({ voiceMessage, file, createdAt }: Message) {
    if (file) await download(file.url, file.name, client.http)
    if (voiceMessage) await download(voiceMessage.url, `voice-message-${createdAt.slice(0, 19)}`, client.http)
  }

  async function run(work: () => Promise<unknown>) {
    try {
      setError(undefined)
      await work()
    } catch (failure) {
      setError(errorText(failure))
    }
  }

  return (
    <>
      <Menu
        opened={opened}
        onChange={setOpened}
        withInitialFocusPlaceholder={false}
        position={own ? 'bottom-end' : 'bottom-start'}
        withinPortal
      >
        <Menu.Target>{target}</Menu.Target>
        <Menu.Dropdown ref={dropdown}>
          <Group gap={2} px={4} pb={4} wrap="nowrap">
            {quickReactions.map((emoji) => (
              <Menu.Item
                key={emoji}
                w="auto"
                px="xs"
                bg={mine.has(emoji) ? 'var(--page-current)' : 'transparent'}
                aria-label={mine.has(emoji) ? `Take back ${emoji}` : `React with ${emoji}`}
                onClick={() => run(() => client.react(message._id, emoji, { remove: mine.has(emoji) }))}
              >
                {emoji}
              </Menu.Item>
            ))}
          </Group>
          <Menu.Item onClick={() => compose({ kind: 'reply', message })}>Reply</Menu.Item>
          {message.messageType === 'text' && (
            <Menu.Item onClick={() => run(() => navigator.clipboard.writeText(message.content))}>
              Copy the text
            </Menu.Item>
          )}
          {(message.voiceMessage || message.file) && (
            <Menu.Item onClick={() => run(() => save(message))}>Download</Menu.Item>
          )}
          {own && message.messageType === 'text' && (
            <Menu.Item onClick={() => compose({ kind: 'edit', message })}>Edit</Menu.Item>
          )}
          {own && (
            <Menu.Item
              c="var(--mantine-color-error)"
              onClick={() => run(() => client.deleteMessage(message._id))}
            >
              Delete for everybody
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {error && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {error}
        </Text>
      )}
    </>
  )
}
