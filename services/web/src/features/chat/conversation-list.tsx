import { Alert, Button, Loader, Stack, Text, TextInput } from '@mantine/core'
import { lazy, Suspense, useRef, useState } from 'react'
import { Virtualizer } from 'virtua'
import { GroupIcon, SearchIcon } from '../../app/icons.tsx'
import { useServices } from '../../app/services.ts'
import { useStore } from '../../app/store.ts'
import people from '../people/people.module.css'
import { ConversationRow } from './conversation-row.tsx'
import { FoundMessages } from './found-messages.tsx'
import { infoOf } from './use-conversation.ts'
import { useMessageSearch } from './use-message-search.ts'

const NewGroupDialog = lazy(() => import('../groups/new-group-dialog.tsx'))

const WelcomePane = lazy(() => import('./welcome-pane.tsx'))

interface ConversationListProps {
  openId: string | undefined
  onFindPeople: () => void
}

export function ConversationList({ openId, onFindPeople }: ConversationListProps) {
  const { chat, session } = useServices()
  const conversations = useStore(chat.state, (state) => state.conversations)
  const loading = useStore(chat.state, (state) => state.loading)
  const [creating, setCreating] = useState(false)
  const [text, setText] = useState('')
  const scroll = useRef<HTMLDivElement>(null)
  const found = useMessageSearch(text)
  const wanted = text.trim().toLowerCase()
  const shown = conversations.filter((conversation) =>
    infoOf(conversation, session.userId).title.toLowerCase().includes(wanted),
  )
  return (
    <>
      <Stack p="md" pb="xs" gap="xs">
        <Button variant="light" fullWidth leftSection={<GroupIcon />} onClick={() => setCreating(true)}>
          New group
        </Button>
        {conversations.length > 0 && (
          <TextInput
            type="search"
            aria-label="Find chats and messages"
            placeholder="Find chats and messages"
            leftSection={<SearchIcon size={16} />}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        )}
      </Stack>
      {loading === 'loading' && <Loader size="sm" mx="auto" my="md" aria-label="The chats are loading" />}
      {loading === 'failed' && <LoadingFailed onRetry={() => void chat.loadConversations()} />}
      {loading === 'ready' && conversations.length === 0 && (
        <>
          <NoChats onFindPeople={onFindPeople} />
          <div className={people.narrowOnly}>
            <Suspense fallback={null}>
              <WelcomePane />
            </Suspense>
          </div>
        </>
      )}
      <div ref={scroll} className={people.list}>
        {wanted !== '' && shown.length + found.length === 0 && (
          <Text c="dimmed" px="md" py="sm" role="status">
            Nothing found.
          </Text>
        )}
        <section aria-label="Chats">
          <Virtualizer as="ul" item="li" data={shown} scrollRef={scroll} itemSize={66}>
            {(conversation) => (
              <ConversationRow
                key={conversation._id}
                conversation={conversation}
                current={conversation._id === openId}
              />
            )}
          </Virtualizer>
        </section>
        <FoundMessages messages={found} />
      </div>
      {creating && (
        <Suspense fallback={null}>
          <NewGroupDialog onClose={() => setCreating(false)} />
        </Suspense>
      )}
    </>
  )
}

function NoChats({ onFindPeople }: { onFindPeople: () => void }) {
  return (
    <Stack px="md" py="sm" align="flex-start" gap="sm">
      <Text c="dimmed">No chats yet. Pick somebody to write to, or start a group.</Text>
      <Button onClick={onFindPeople}>Find people</Button>
    </Stack>
  )
}

function LoadingFailed({ onRetry }: { onRetry: () => void }) {
  return (
    <Alert color="red" mx="md" role="alert">
      <Stack align="flex-start" gap="xs">
        Your chats could not be loaded.
        <Button size="xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      </Stack>
    </Alert>
  )
}
